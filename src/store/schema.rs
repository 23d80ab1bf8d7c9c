//! The tables, as diesel sees them.

diesel::table! {
    workspaces (workspace_id) {
        workspace_id -> Uuid,
        name -> Text,
        settings -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    api_keys (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        name -> Text,
        secret_hash -> Bytea,
        scopes -> Jsonb,
        requests_per_minute -> Nullable<Int4>,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    forms (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        name -> Text,
        source -> Text,
        allowed_origins -> Jsonb,
        allowed_redirects -> Jsonb,
        default_country -> Nullable<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    publishable_keys (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        form_id -> Uuid,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    leads (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        email -> Nullable<Text>,
        email_domain -> Nullable<Text>,
        phone -> Nullable<Text>,
        phone_extension -> Nullable<Text>,
        mobile_phone -> Nullable<Text>,
        salutation -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        company -> Nullable<Text>,
        title -> Nullable<Text>,
        website -> Nullable<Text>,
        website_domain -> Nullable<Text>,
        linkedin_url -> Nullable<Text>,
        street -> Nullable<Text>,
        city -> Nullable<Text>,
        region -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Nullable<Text>,
        timezone -> Nullable<Text>,
        language -> Nullable<Text>,
        industry -> Nullable<Text>,
        employee_count -> Nullable<Int8>,
        annual_revenue -> Nullable<Int8>,
        currency -> Nullable<Text>,
        message -> Nullable<Text>,
        source -> Nullable<Text>,
        channel -> Text,
        stage -> Text,
        custom -> Jsonb,
        tags -> Jsonb,
        first_attribution -> Jsonb,
        last_attribution -> Jsonb,
        is_test -> Bool,
        version -> Int8,
        captured_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        last_activity_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
        owner_id -> Nullable<Uuid>,
        team_id -> Nullable<Uuid>,
        stage_kind -> Text,
        stage_changed_at -> Nullable<Timestamptz>,
        disqualify_reason -> Nullable<Text>,
        revisit_at -> Nullable<Timestamptz>,
        merged_into -> Nullable<Uuid>,
        queue -> Nullable<Text>,
        verdict -> Nullable<Text>,
        fit -> Nullable<Int8>,
        engagement -> Nullable<Float8>,
        engagement_as_of -> Nullable<Timestamptz>,
        engagement_half_life_days -> Nullable<Float8>,
        engagement_order -> Nullable<Int8>,
        grade -> Nullable<Text>,
    }
}

diesel::table! {
    lead_scores (workspace_id, lead_id) {
        workspace_id -> Uuid,
        lead_id -> Uuid,
        model -> Nullable<Text>,
        model_version -> Nullable<Int8>,
        ledger -> Json,
        next_change_at -> Nullable<Timestamptz>,
        verdict_changes_at -> Nullable<Timestamptz>,
        is_stale -> Bool,
    }
}

diesel::table! {
    lead_identities (workspace_id, kind, value) {
        workspace_id -> Uuid,
        kind -> Text,
        value -> Text,
        lead_id -> Uuid,
        content_hash -> Nullable<Bytea>,
        submission_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    submissions (workspace_id, id, received_at) {
        workspace_id -> Uuid,
        id -> Uuid,
        received_at -> Timestamptz,
        state -> Text,
        reason -> Nullable<Text>,
        door -> Text,
        form_id -> Nullable<Uuid>,
        source -> Nullable<Text>,
        channel -> Text,
        actor -> Json,
        content_type -> Text,
        body -> Bytea,
        context -> Json,
        lead_id -> Nullable<Uuid>,
        said -> Nullable<Bytea>,
    }
}

diesel::table! {
    activities (workspace_id, id, created_at) {
        workspace_id -> Uuid,
        id -> Uuid,
        lead_id -> Uuid,
        #[sql_name = "type"]
        kind -> Text,
        occurred_at -> Timestamptz,
        created_at -> Timestamptz,
        source -> Nullable<Text>,
        channel -> Nullable<Text>,
        submission_id -> Nullable<Uuid>,
        actor -> Jsonb,
        attribution -> Jsonb,
        properties -> Jsonb,
        is_test -> Bool,
        direction -> Nullable<Text>,
        outcome -> Nullable<Text>,
        duration_seconds -> Nullable<Int8>,
        subject -> Nullable<Text>,
        body -> Nullable<Text>,
        version -> Nullable<Int8>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    notes (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        lead_id -> Uuid,
        author -> Jsonb,
        body -> Text,
        pinned -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    note_versions (workspace_id, note_id, version) {
        workspace_id -> Uuid,
        note_id -> Uuid,
        version -> Int8,
        body -> Nullable<Text>,
        pinned -> Bool,
        actor -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    pipelines (workspace_id) {
        workspace_id -> Uuid,
        stages -> Jsonb,
        version -> Int8,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    consents (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        lead_id -> Uuid,
        channel -> Text,
        purpose -> Text,
        granted -> Bool,
        text -> Nullable<Text>,
        source -> Nullable<Text>,
        submission_id -> Nullable<Uuid>,
        occurred_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (workspace_id, actor_id, key) {
        workspace_id -> Uuid,
        actor_id -> Uuid,
        key -> Text,
        request_hash -> Bytea,
        status -> Nullable<Int2>,
        etag -> Nullable<Text>,
        body -> Nullable<Bytea>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    outbox (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        aggregatetype -> Text,
        aggregateid -> Uuid,
        #[sql_name = "type"]
        kind -> Text,
        version -> Int8,
        occurred_at -> Timestamptz,
        payload -> Json,
    }
}

diesel::table! {
    feed (workspace_id, position, published_at) {
        workspace_id -> Uuid,
        position -> Int8,
        published_at -> Timestamptz,
        id -> Uuid,
        #[sql_name = "type"]
        kind -> Text,
        lead_id -> Uuid,
        version -> Int8,
        occurred_at -> Timestamptz,
        payload -> Json,
    }
}

diesel::table! {
    feed_positions (workspace_id) {
        workspace_id -> Uuid,
        position -> Int8,
    }
}

diesel::table! {
    field_definitions (workspace_id, key) {
        workspace_id -> Uuid,
        key -> Text,
        slot -> Int2,
        field_type -> Text,
        label -> Text,
        description -> Nullable<Text>,
        options -> Jsonb,
        required -> Bool,
        is_unique -> Bool,
        identifies -> Bool,
        default_value -> Nullable<Jsonb>,
        pattern -> Nullable<Text>,
        filterable -> Bool,
        archived -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        index_ready -> Bool,
        unique_ready -> Bool,
        walk_state -> Text,
        walk_since -> Nullable<Timestamptz>,
        walked_through -> Nullable<Uuid>,
        walked -> Int8,
        walk_total -> Nullable<Int8>,
        misfits -> Int8,
        unique_conflicts -> Jsonb,
    }
}

diesel::table! {
    users (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        email -> Text,
        name -> Text,
        role -> Text,
        status -> Text,
        password_hash -> Nullable<Text>,
        external_issuer -> Nullable<Text>,
        external_subject -> Nullable<Text>,
        token_epoch -> Int8,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        last_login_at -> Nullable<Timestamptz>,
        timezone -> Nullable<Text>,
    }
}

diesel::table! {
    lead_values (workspace_id, slot, value, lead_id) {
        workspace_id -> Uuid,
        slot -> Int2,
        value -> Text,
        lead_id -> Uuid,
    }
}

diesel::table! {
    teams (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        name -> Text,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        timezone -> Nullable<Text>,
    }
}

diesel::table! {
    team_members (workspace_id, team_id, user_id) {
        workspace_id -> Uuid,
        team_id -> Uuid,
        user_id -> Uuid,
    }
}

diesel::table! {
    sessions (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    refresh_tokens (workspace_id, token_hash) {
        workspace_id -> Uuid,
        token_hash -> Bytea,
        session_id -> Uuid,
        created_at -> Timestamptz,
        spent_at -> Nullable<Timestamptz>,
        successor_salt -> Nullable<Bytea>,
    }
}

diesel::table! {
    one_time_tokens (workspace_id, token_hash) {
        workspace_id -> Uuid,
        token_hash -> Bytea,
        user_id -> Uuid,
        purpose -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    login_attempts (workspace_id, account_hash) {
        workspace_id -> Uuid,
        account_hash -> Bytea,
        attempts -> Int8,
        began_at -> Timestamptz,
    }
}

diesel::table! {
    audit_log (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        occurred_at -> Timestamptz,
        action -> Text,
        actor_type -> Text,
        actor_id -> Nullable<Uuid>,
        target_type -> Nullable<Text>,
        target_id -> Nullable<Uuid>,
        details -> Jsonb,
        request_id -> Nullable<Text>,
        client_address -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Uuid,
        private_key -> Bytea,
        public_key -> Bytea,
        created_at -> Timestamptz,
        active_from -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    search_positions (workspace_id) {
        workspace_id -> Uuid,
        position -> Int8,
        walked_through -> Nullable<Uuid>,
        is_complete -> Bool,
        walk_until -> Nullable<Uuid>,
    }
}

diesel::table! {
    lead_history (workspace_id, lead_id, id) {
        workspace_id -> Uuid,
        lead_id -> Uuid,
        id -> Uuid,
        #[sql_name = "type"]
        kind -> Text,
        version -> Int8,
        occurred_at -> Timestamptz,
        decision_id -> Nullable<Uuid>,
        payload -> Jsonb,
    }
}

diesel::table! {
    jobs (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        state -> Text,
        params -> Jsonb,
        lead_ids -> Nullable<Array<Uuid>>,
        actor_type -> Text,
        actor_id -> Nullable<Uuid>,
        origin -> Nullable<Text>,
        total -> Nullable<Int8>,
        changed -> Int8,
        unchanged -> Int8,
        failed -> Int8,
        skipped -> Int8,
        reached -> Nullable<Uuid>,
        attempts -> Int4,
        problem -> Nullable<Jsonb>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        report -> Nullable<Jsonb>,
        memory -> Nullable<Jsonb>,
    }
}

diesel::table! {
    job_items (workspace_id, job_id, lead_id) {
        workspace_id -> Uuid,
        job_id -> Uuid,
        lead_id -> Uuid,
        outcome -> Text,
        problem -> Nullable<Jsonb>,
    }
}

diesel::table! {
    saved_views (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        name -> Text,
        owner_type -> Text,
        owner_id -> Uuid,
        is_shared -> Bool,
        condition -> Nullable<Jsonb>,
        #[sql_name = "q"]
        search -> Nullable<Text>,
        #[sql_name = "columns"]
        shown -> Jsonb,
        sort -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    match_keys (workspace_id, family, hash, lead_id) {
        workspace_id -> Uuid,
        family -> Int2,
        hash -> Int8,
        lead_id -> Uuid,
    }
}

diesel::table! {
    match_statistics (workspace_id) {
        workspace_id -> Uuid,
        statistics -> Jsonb,
        counted_at -> Timestamptz,
    }
}

diesel::table! {
    duplicate_pairs (workspace_id, lead_id, other_lead_id) {
        workspace_id -> Uuid,
        lead_id -> Uuid,
        other_lead_id -> Uuid,
        id -> Uuid,
        state -> Text,
        probability -> Float8,
        fields -> Jsonb,
        found_by -> Text,
        snoozed_until -> Nullable<Timestamptz>,
        decided_by -> Nullable<Jsonb>,
        decided_at -> Nullable<Timestamptz>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    dedupe_calibrations (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        number -> Int4,
        state -> Text,
        weights -> Jsonb,
        frequencies -> Jsonb,
        report -> Jsonb,
        created_by -> Jsonb,
        created_at -> Timestamptz,
        activated_at -> Nullable<Timestamptz>,
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    match_positions (workspace_id) {
        workspace_id -> Uuid,
        position -> Int8,
        walked_through -> Nullable<Uuid>,
        is_complete -> Bool,
        walk_until -> Nullable<Uuid>,
    }
}

diesel::table! {
    duplicate_clusters (workspace_id, cluster_id, lead_id) {
        workspace_id -> Uuid,
        cluster_id -> Uuid,
        lead_id -> Uuid,
    }
}

diesel::table! {
    merges (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        survivor_id -> Uuid,
        state -> Text,
        before -> Jsonb,
        changes -> Jsonb,
        chosen -> Jsonb,
        merged_by -> Jsonb,
        created_at -> Timestamptz,
        undone_by -> Nullable<Jsonb>,
        undone_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    merge_leads (workspace_id, merge_id, lead_id) {
        workspace_id -> Uuid,
        merge_id -> Uuid,
        lead_id -> Uuid,
    }
}

diesel::table! {
    merge_moves (workspace_id, merge_id, kind, row_id) {
        workspace_id -> Uuid,
        merge_id -> Uuid,
        kind -> Text,
        row_id -> Uuid,
        lead_id -> Uuid,
    }
}

diesel::table! {
    merge_identities (workspace_id, merge_id, kind, value) {
        workspace_id -> Uuid,
        merge_id -> Uuid,
        kind -> Text,
        value -> Text,
        lead_id -> Uuid,
        content_hash -> Nullable<Bytea>,
        submission_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    rule_documents (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        key -> Text,
        version -> Int8,
        state -> Text,
        document -> Jsonb,
        note -> Nullable<Text>,
        created_by -> Jsonb,
        created_at -> Timestamptz,
        activated_at -> Nullable<Timestamptz>,
        retired_at -> Nullable<Timestamptz>,
        activate_at -> Nullable<Timestamptz>,
        scheduled_by -> Nullable<Jsonb>,
    }
}

diesel::table! {
    pool_turns (workspace_id, pool) {
        workspace_id -> Uuid,
        pool -> Text,
        turns -> Json,
        stamp -> Uuid,
    }
}

diesel::table! {
    decisions (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        lead_id -> Uuid,
        kind -> Text,
        rules -> Json,
        result -> Json,
        created_at -> Timestamptz,
        basis -> Nullable<Json>,
        duration_microseconds -> Nullable<Int8>,
    }
}

diesel::table! {
    assignments (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        lead_id -> Uuid,
        user_id -> Uuid,
        state -> Text,
        given_at -> Timestamptz,
        accepted_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        decision_id -> Nullable<Uuid>,
        accept_by -> Nullable<Timestamptz>,
        take_back_after_idle_hours -> Nullable<Int4>,
        next_look_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    qualification_answers (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        lead_id -> Uuid,
        answer -> Jsonb,
        withdrawal -> Nullable<Jsonb>,
    }
}

diesel::table! {
    sla_clocks (workspace_id, id) {
        workspace_id -> Uuid,
        id -> Uuid,
        lead_id -> Uuid,
        kind -> Text,
        state -> Text,
        due_at -> Timestamptz,
        next_fire_at -> Nullable<Timestamptz>,
        clock -> Json,
        calendar -> Nullable<Text>,
        calendar_version -> Nullable<Int8>,
    }
}

diesel::table! {
    calendar_walks (workspace_id, calendar) {
        workspace_id -> Uuid,
        calendar -> Text,
        until -> Timestamptz,
        moved -> Array<Uuid>,
    }
}
diesel::allow_tables_to_appear_in_same_query!(publishable_keys, forms);
diesel::allow_tables_to_appear_in_same_query!(merges, merge_leads);
diesel::allow_tables_to_appear_in_same_query!(team_members, teams);
diesel::allow_tables_to_appear_in_same_query!(team_members, users);
diesel::allow_tables_to_appear_in_same_query!(leads, users);
diesel::allow_tables_to_appear_in_same_query!(assignments, leads);

//! What a capture that comes alone asks first, in one round trip: it claims its identities, and reads the leads that are
//! like it, for the case that nobody has them.

use crate::domain::capture::Holder;
use crate::domain::dedupe::MatchKey;
use crate::domain::identity::Identity;
use crate::domain::likeness::Compared;
use crate::domain::match_policy::MatchSettings;
use crate::error::Result;
use crate::store::compared_leads::{self, Compares, near_sql};
use crate::store::lead_identities::{self, Claims, Columns, claim_sql};
use crate::store::match_keys::KeyColumns;
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Bytea, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use std::collections::BTreeMap;
use std::rc::Rc;
use uuid::Uuid;

statement! {
    /// Rows are identities that are claimed now, and leads.
    FirstLook {
        workspace_id: Uuid => SqlUuid, created_at: DateTime<Utc> => Timestamptz,
        kinds: [&'a str] => Array<Text>, values: [&'a str] => Array<Text>, leads: [Uuid] => Array<SqlUuid>,
        hashes: [Option<&'a [u8]>] => Array<Nullable<Bytea>>, submissions: [Option<Uuid>] => Array<Nullable<SqlUuid>>,
        keys_of: Uuid => SqlUuid,
        seekers: [i32] => Array<Integer>, families: [i16] => Array<SmallInt>, keys: [i64] => Array<BigInt>, most: [i64] => Array<BigInt>,
        leads_of: Uuid => SqlUuid, with_custom: bool => Bool, limit: i64 => BigInt
    }
    concat!(
        "WITH claimed AS (", claim_sql!(), "), near AS (", near_sql!(), ") \
         SELECT kind, value, NULL::uuid, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, \
           NULL::text, NULL::text, NULL::jsonb, NULL::bool, NULL::text, NULL::text, NULL::bigint FROM claimed \
         UNION ALL \
         SELECT NULL, NULL, id, first_name, last_name, company, email, phone, phone_extension, mobile_phone, street, city, \
           postal_code, country, custom, is_test, stage_kind, source, version FROM near"
    ),
    returns (Nullable<Text>, Nullable<Text>, Nullable<Compares>)
}

type Row = (Option<String>, Option<String>, Option<compared_leads::Row>);

/// What [`lead_identities::claim`] and [`compared_leads::list_near`] find for one capture. Citus does not take both in one
/// statement, so there they are two.
pub fn claim_and_list_near(
    conn: &mut TenantConnection,
    wanted: BTreeMap<Identity, Holder>,
    keys: &[MatchKey],
    most_of: impl Fn(&MatchKey) -> i64,
    limit: i64,
    settings: &MatchSettings,
    now: DateTime<Utc>,
) -> Result<(Claims, Vec<Rc<Compared>>)> {
    if conn.is_distributed() {
        let claims = lead_identities::claim(conn, wanted, now)?;
        let near = compared_leads::list_near(conn, &[keys], most_of, limit, settings)?;
        return Ok((
            claims,
            near.into_iter().flatten().map(|(lead, _)| lead).collect(),
        ));
    }
    let workspace_id = conn.workspace_id();
    let (identities, sought) = (Columns::of(wanted.iter()), KeyColumns::of(&[keys], most_of));
    let rows: Vec<Row> = FirstLook {
        workspace_id: &workspace_id,
        created_at: &now,
        kinds: &identities.kinds,
        values: &identities.values,
        leads: &identities.leads,
        hashes: &identities.hashes,
        submissions: &identities.submissions,
        keys_of: &workspace_id,
        seekers: &sought.seekers,
        families: &sought.families,
        keys: &sought.hashes,
        most: &sought.most,
        leads_of: &workspace_id,
        with_custom: &!settings.evidence.is_empty(),
        limit: &limit,
    }
    .load(conn.pg())?;
    let (mut claimed, mut near) = (Vec::new(), Vec::new());
    for (kind, value, lead) in rows {
        claimed.extend(kind.zip(value));
        near.extend(lead.map(|lead| Rc::new(compared_leads::compared(lead, settings))));
    }
    Ok((lead_identities::settle_claims(conn, wanted, claimed)?, near))
}

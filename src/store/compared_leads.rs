//! Leads as far as they are compared: few columns of many leads.

use crate::domain::dedupe::MatchKey;
use crate::domain::lead_fields::LeadFields;
use crate::domain::likeness::{Compared, evidence_of};
use crate::domain::match_policy::MatchSettings;
use crate::domain::stage::StageKind;
use crate::error::{Error, Result};
use crate::store::match_keys::KeyColumns;
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Integer, Jsonb, Nullable, SmallInt, Text, Uuid as SqlUuid,
};
use serde_json::Value;
use std::collections::HashMap;
use std::rc::Rc;
use uuid::Uuid;

type OptionalText = Nullable<Text>;
/// A row of what is compared.
pub(in crate::store) type Compares = (
    SqlUuid,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    OptionalText,
    Nullable<Jsonb>,
    Bool,
    Text,
    OptionalText,
    BigInt,
);

statement! {
    /// Custom values are read only where any of them is compared.
    List { with_custom: bool => Bool, workspace_id: Uuid => SqlUuid, ids: [Uuid] => Array<SqlUuid> }
    "SELECT id, first_name, last_name, company, email, phone, phone_extension, mobile_phone, street, city, postal_code, country, \
       CASE WHEN ? THEN custom END, is_test, stage_kind, source, version \
     FROM leads WHERE workspace_id = ? AND id = ANY(?) AND deleted_at IS NULL",
    returns Compares
}

/// Whoever shares keys with each seeker, as [`match_keys::list_candidates`] finds them, read at once: a round trip less for a
/// capture. Where there are too many, those that share most keys, and of these the latest. `numbered`: beside each, by which
/// of the keys, numbered from 1, it was found, and at which place among the latest leads of each.
macro_rules! near_sql {
    () => {
        near_sql!("AS c (seeker, family, hash, most)", "", "", "")
    };
    (numbered) => {
        near_sql!(
            "WITH ORDINALITY AS c (seeker, family, hash, most, number)",
            ", row_number() OVER (ORDER BY k.lead_id DESC) AS place",
            ", array_agg(c.number) AS numbers, array_agg(m.place) AS places",
            ", n.numbers, n.places"
        )
    };
    ($keys:literal, $place:literal, $found:literal, $told:literal) => {
        concat!(
        "WITH shared AS ( \
           SELECT c.seeker, m.lead_id, count(*) AS keys", $found, " \
           FROM (SELECT ?::uuid AS id) w, unnest(?::integer[], ?::smallint[], ?::bigint[], ?::bigint[]) ", $keys, ", \
             LATERAL (SELECT k.lead_id", $place, " FROM match_keys k \
               WHERE k.workspace_id = w.id AND k.family = c.family AND k.hash = c.hash ORDER BY k.lead_id DESC LIMIT c.most) m \
           GROUP BY c.seeker, m.lead_id), \
         near AS (SELECT s.*, row_number() OVER (PARTITION BY s.seeker ORDER BY s.keys DESC, s.lead_id DESC) AS place FROM shared s) \
         SELECT n.seeker", $told, ", l.* FROM (SELECT ?::uuid AS id, ?::bool AS with_custom, ?::bigint AS places) w, near n, LATERAL ( \
           SELECT id, first_name, last_name, company, email, phone, phone_extension, mobile_phone, street, city, postal_code, country, \
             CASE WHEN w.with_custom THEN custom END AS custom, is_test, stage_kind, source, version \
           FROM leads WHERE workspace_id = w.id AND id = n.lead_id AND deleted_at IS NULL LIMIT 1) l \
         WHERE n.place <= w.places"
        )
    };
}
pub(in crate::store) use near_sql;

statement! {
    /// See [`near_sql`].
    ListNear {
        workspace_id: Uuid => SqlUuid,
        seekers: [i32] => Array<Integer>, families: [i16] => Array<SmallInt>, hashes: [i64] => Array<BigInt>, most: [i64] => Array<BigInt>,
        leads_of: Uuid => SqlUuid, with_custom: bool => Bool, limit: i64 => BigInt
    }
    near_sql!(numbered),
    returns (Integer, Array<BigInt>, Array<BigInt>, Compares)
}

type OptionalString = Option<String>;
/// As it is read.
pub(in crate::store) type Row = (
    Uuid,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    OptionalString,
    Option<Value>,
    bool,
    String,
    OptionalString,
    i64,
);

/// Those of the leads that are there.
pub fn list(
    conn: &mut TenantConnection,
    ids: &[Uuid],
    settings: &MatchSettings,
) -> Result<Vec<Compared>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = List {
        with_custom: &!settings.evidence.is_empty(),
        workspace_id: &conn.workspace_id(),
        ids,
    }
    .load(conn.pg())?;
    Ok(rows
        .into_iter()
        .map(|row| compared(row, settings))
        .collect())
}

/// A lead, and the keys by which it was found for a seeker, with its place among the latest leads of each.
pub type Sharing = (Rc<Compared>, Vec<(MatchKey, i64)>);

/// For each seeker the leads that share keys with it, at most so many: those that share most keys.
pub fn list_near(
    conn: &mut TenantConnection,
    sought: &[&[MatchKey]],
    most_of: impl Fn(&MatchKey) -> i64,
    limit: i64,
    settings: &MatchSettings,
) -> Result<Vec<Vec<Sharing>>> {
    let mut near: Vec<Vec<Sharing>> = vec![Vec::new(); sought.len()];
    let columns = KeyColumns::of(sought, most_of);
    if columns.seekers.is_empty() {
        return Ok(near);
    }
    let workspace_id = conn.workspace_id();
    let rows: Vec<(i32, Vec<i64>, Vec<i64>, Row)> = ListNear {
        workspace_id: &workspace_id,
        seekers: &columns.seekers,
        families: &columns.families,
        hashes: &columns.hashes,
        most: &columns.most,
        leads_of: &workspace_id,
        with_custom: &!settings.evidence.is_empty(),
        limit: &limit,
    }
    .load(conn.pg())?;
    let mut known: HashMap<Uuid, Rc<Compared>> = HashMap::new();
    for (seeker, numbers, places, row) in rows {
        let keys = numbers.into_iter().filter_map(|number| columns.key(number));
        let lead = known
            .entry(row.0)
            .or_insert_with(|| Rc::new(compared(row, settings)));
        let seeker = usize::try_from(seeker).map_err(Error::internal)?;
        if let Some(near) = near.get_mut(seeker) {
            near.push((lead.clone(), keys.zip(places).collect()));
        }
    }
    Ok(near)
}

/// A row, as it is compared.
pub(in crate::store) fn compared(row: Row, settings: &MatchSettings) -> Compared {
    let (
        lead_id,
        first_name,
        last_name,
        company,
        email,
        phone,
        phone_extension,
        mobile_phone,
        street,
        city,
        postal_code,
        country,
        custom,
        is_test,
        stage_kind,
        source,
        version,
    ) = row;
    let fields = LeadFields {
        first_name,
        last_name,
        company,
        email,
        phone,
        phone_extension,
        mobile_phone,
        street,
        city,
        postal_code,
        country,
        ..LeadFields::default()
    };
    let custom = match custom {
        Some(Value::Object(custom)) => custom,
        _ => serde_json::Map::new(),
    };
    Compared {
        lead_id,
        evidence: evidence_of(&fields, &custom, settings),
        is_test,
        is_customer: stage_kind == StageKind::Converted.as_str(),
        source,
        version,
    }
}

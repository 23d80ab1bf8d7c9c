//! Leads as far as they are compared: few columns of many leads.

use crate::domain::lead_fields::LeadFields;
use crate::domain::likeness::{Compared, evidence_of};
use crate::domain::match_policy::MatchSettings;
use crate::domain::stage::StageKind;
use crate::error::Result;
use crate::store::pool::TenantConnection;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Uuid as SqlUuid};
use serde_json::Value;
use uuid::Uuid;

type OptionalText = Nullable<Text>;

statement! {
    /// Custom values are read only where any of them is compared.
    List { with_custom: bool => Bool, workspace_id: Uuid => SqlUuid, ids: [Uuid] => Array<SqlUuid> }
    "SELECT id, first_name, last_name, company, email, phone, phone_extension, mobile_phone, street, city, postal_code, country, \
       CASE WHEN ? THEN custom END, is_test, stage_kind, source, version \
     FROM leads WHERE workspace_id = ? AND id = ANY(?) AND deleted_at IS NULL",
    returns (
        SqlUuid, OptionalText, OptionalText, OptionalText, OptionalText, OptionalText, OptionalText, OptionalText, OptionalText,
        OptionalText, OptionalText, OptionalText, Nullable<Jsonb>, Bool, Text, OptionalText, BigInt,
    )
}

type OptionalString = Option<String>;
type Row = (
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

fn compared(row: Row, settings: &MatchSettings) -> Compared {
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

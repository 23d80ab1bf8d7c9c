//! The index of values: by it leads are found by their labels and by the workspace's own fields.

use crate::domain::custom_values::index_rows;
use crate::domain::lead::Lead;
use crate::domain::rules::Rules;
use crate::error::Result;
use crate::store::conditions::TAGS_SLOT;
use crate::store::pool::TenantConnection;
use crate::store::schema::lead_values;
use crate::store::statement::statement;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, SmallInt, Text, Uuid as SqlUuid};
use uuid::Uuid;

statement! {
    owned Insert {
        workspace_id: Uuid => SqlUuid,
        slot: Vec<i16> => Array<SmallInt>,
        value: Vec<String> => Array<Text>,
        lead_id: Vec<Uuid> => Array<SqlUuid>,
    }
    "INSERT INTO lead_values (workspace_id, slot, value, lead_id) \
     SELECT w.id, c.* FROM (SELECT ?::uuid AS id) w, unnest(?::smallint[], ?::text[], ?::uuid[]) c \
     ON CONFLICT (workspace_id, slot, value, lead_id) DO NOTHING"
}

statement! {
    Delete { slots: [i16] => Array<SmallInt>, values: [&'a str] => Array<Text>, workspace_id: Uuid => SqlUuid, lead_id: Uuid => SqlUuid }
    "DELETE FROM lead_values v USING unnest(?::smallint[], ?::text[]) AS c (slot, value) \
     WHERE v.workspace_id = ? AND v.lead_id = ? AND v.slot = c.slot AND v.value = c.value"
}

/// The rows of new leads, ready to be written.
pub(in crate::store) fn insertion<'a>(
    workspace_id: Uuid,
    new: &[&Lead],
    rules: &Rules,
) -> Insert<'a> {
    let mut columns = Columns::default();
    for lead in new {
        for (slot, value) in index_rows(lead, rules) {
            columns.add(slot, value, lead.id);
        }
    }
    columns.insertion(workspace_id)
}

/// Keeps the rows of a lead in step with a change of it.
pub(in crate::store) fn follow(
    conn: &mut TenantConnection,
    before: &Lead,
    after: &Lead,
    rules: &Rules,
) -> Result<()> {
    if before.custom == after.custom && before.tags == after.tags {
        return Ok(());
    }
    let (old, new) = (index_rows(before, rules), index_rows(after, rules));
    let gone: Vec<&(i16, String)> = old.iter().filter(|row| !new.contains(row)).collect();
    if !gone.is_empty() {
        let workspace_id = conn.workspace_id();
        let (slots, values): (Vec<i16>, Vec<&str>) = gone
            .iter()
            .map(|(slot, value)| (*slot, value.as_str()))
            .unzip();
        Delete {
            workspace_id: &workspace_id,
            lead_id: &after.id,
            slots: &slots,
            values: &values,
        }
        .execute(conn.pg())?;
    }
    let mut columns = Columns::default();
    for (slot, value) in new.into_iter().filter(|row| !old.contains(row)) {
        columns.add(slot, value, after.id);
    }
    columns.write(conn)
}

/// Makes these the only rows of leads in a slot: for each lead the forms of its value.
pub fn replace(
    conn: &mut TenantConnection,
    slot: i16,
    leads: impl IntoIterator<Item = (Uuid, Vec<String>)>,
) -> Result<()> {
    let mut ids = Vec::new();
    let mut columns = Columns::default();
    for (id, forms) in leads {
        ids.push(id);
        for form in forms {
            columns.add(slot, form, id);
        }
    }
    diesel::delete(lead_values::table)
        .filter(lead_values::workspace_id.eq(conn.workspace_id()))
        .filter(lead_values::slot.eq(slot))
        .filter(lead_values::lead_id.eq_any(ids))
        .execute(conn.pg())?;
    columns.write(conn)
}

/// Counting the leads of a label ends here.
pub const COUNTED: i64 = 10_000;

/// A label in use.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct TagUse {
    /// The label.
    #[diesel(sql_type = Text)]
    pub tag: String,
    /// How many leads have it, counted up to one more than [`COUNTED`].
    #[diesel(sql_type = BigInt)]
    pub leads: i64,
}

/// Labels that begin with a prefix, in order, after one. Steps from one to the next in the index, however many leads have
/// each.
pub fn list_tags(
    conn: &mut TenantConnection,
    prefix: &str,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<TagUse>> {
    // The least text after another one is that with the least character that a text can have.
    let from = after.map_or_else(|| prefix.to_owned(), |after| format!("{after}\u{1}"));
    Ok(diesel::sql_query(
        "WITH RECURSIVE t AS ( \
           (SELECT v.value FROM lead_values v WHERE v.workspace_id = $1 AND v.slot = $2 AND v.value >= $3 AND v.value < $4 \
            ORDER BY v.value LIMIT 1) \
           UNION ALL \
           SELECT (SELECT v.value FROM lead_values v WHERE v.workspace_id = $1 AND v.slot = $2 AND v.value > t.value AND v.value < $4 \
                   ORDER BY v.value LIMIT 1) FROM t WHERE t.value IS NOT NULL) \
         SELECT t.value AS tag, (SELECT count(*) FROM (SELECT FROM lead_values c \
           WHERE c.workspace_id = $1 AND c.slot = $2 AND c.value = t.value LIMIT $5) x) AS leads \
         FROM t WHERE t.value IS NOT NULL LIMIT $6",
    )
    .bind::<SqlUuid, _>(conn.workspace_id())
    .bind::<SmallInt, _>(TAGS_SLOT)
    .bind::<Text, _>(from)
    .bind::<Text, _>(format!("{prefix}\u{10FFFF}"))
    .bind::<BigInt, _>(COUNTED + 1)
    .bind::<BigInt, _>(limit)
    .load(conn.pg())?)
}

/// Whether any lead has this value, by the index.
pub fn is_in_use(conn: &mut TenantConnection, slot: i16, form: &str) -> Result<bool> {
    let found: Option<Uuid> = lead_values::table
        .filter(lead_values::workspace_id.eq(conn.workspace_id()))
        .filter(lead_values::slot.eq(slot))
        .filter(lead_values::value.eq(form))
        .select(lead_values::lead_id)
        .first(conn.pg())
        .optional()?;
    Ok(found.is_some())
}

/// Rows turned into columns, as `unnest` takes them.
#[derive(Default)]
struct Columns {
    slots: Vec<i16>,
    values: Vec<String>,
    leads: Vec<Uuid>,
}

impl Columns {
    fn add(&mut self, slot: i16, value: String, lead_id: Uuid) {
        self.slots.push(slot);
        self.values.push(value);
        self.leads.push(lead_id);
    }

    fn insertion<'a>(self, workspace_id: Uuid) -> Insert<'a> {
        Insert {
            workspace_id,
            slot: self.slots,
            value: self.values,
            lead_id: self.leads,
            rows: std::marker::PhantomData,
        }
    }

    fn write(self, conn: &mut TenantConnection) -> Result<()> {
        if !self.slots.is_empty() {
            self.insertion(conn.workspace_id()).execute(conn.pg())?;
        }
        Ok(())
    }
}

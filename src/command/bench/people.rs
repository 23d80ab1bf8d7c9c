//! Leads and the truth about them, from files: `leads.csv` has a line a lead in the order they came, `truth.csv` says by
//! `external_id` and `entity_id` who is one. Either may be packed by gzip.

use baton::domain::dedupe::EvidenceKind;
use baton::domain::normalise::form_key;
use baton::error::BoxError;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Leads of a folder.
pub struct People {
    /// The leads as captures, each with its id in the file.
    pub leads: Vec<(String, Value)>,
    /// Who each is.
    pub entities: HashMap<String, String>,
    /// Columns of the sender's own that say who somebody is.
    pub evidence: BTreeMap<String, EvidenceKind>,
}

/// What a column is.
enum Column {
    /// The lead's id in the file.
    Id,
    /// A field of leads.
    Field(&'static str),
    /// A field of the sender's own.
    Custom(String),
    /// Left out.
    Ignored,
}

/// Reads a folder; columns named in `ignored` are left out.
pub fn read(folder: &Path, ignored: &[String]) -> Result<People, BoxError> {
    let mut reader = open(folder, "leads.csv")?;
    let headers = reader.headers()?.clone();
    let columns: Vec<Column> = headers.iter().map(|name| column(name, ignored)).collect();
    if !columns.iter().any(|column| matches!(column, Column::Id)) {
        return Err("leads.csv has no column external_id".into());
    }
    let mut leads = Vec::new();
    let mut said: BTreeMap<String, Said> = BTreeMap::new();
    for row in reader.records() {
        let row = row?;
        let mut id = String::new();
        let (mut lead, mut custom) = (Map::new(), Map::new());
        for (value, column) in row.iter().zip(&columns) {
            match column {
                _ if value.trim().is_empty() => {}
                Column::Id => value.clone_into(&mut id),
                Column::Field(name) => {
                    lead.insert((*name).to_owned(), value.into());
                }
                Column::Custom(name) => {
                    said.entry(name.clone()).or_default().hear(value);
                    custom.insert(name.clone(), value.into());
                }
                Column::Ignored => {}
            }
        }
        lead.insert("external_ids".to_owned(), serde_json::json!({ "file": id }));
        lead.insert("custom".to_owned(), custom.into());
        leads.push((id, Value::Object(lead)));
    }
    let kinds = said
        .into_iter()
        .filter_map(|(name, said)| Some((name, said.kind()?)));
    Ok(People {
        evidence: kinds.collect(),
        leads,
        entities: truth(folder)?,
    })
}

fn truth(folder: &Path) -> Result<HashMap<String, String>, BoxError> {
    let mut reader = open(folder, "truth.csv")?;
    let headers = reader.headers()?.clone();
    let place = |name: &str| {
        let found = headers.iter().position(|header| header == name);
        found.ok_or_else(|| format!("truth.csv has no column {name}"))
    };
    let (id, entity) = (place("external_id")?, place("entity_id")?);
    let mut entities = HashMap::new();
    for row in reader.records() {
        let row = row?;
        entities.insert(row[id].to_owned(), row[entity].to_owned());
    }
    Ok(entities)
}

/// Opens a file, or the same packed.
fn open(folder: &Path, name: &str) -> Result<csv::Reader<Box<dyn Read>>, BoxError> {
    let (plain, packed) = (folder.join(name), folder.join(format!("{name}.gz")));
    let source: Box<dyn Read> = match File::open(&plain) {
        Ok(file) => Box::new(file),
        Err(missing) => match File::open(&packed) {
            Ok(file) => Box::new(GzDecoder::new(file)),
            Err(_) => return Err(format!("{}: {missing}", plain.display()).into()),
        },
    };
    Ok(csv::Reader::from_reader(source))
}

fn column(name: &str, ignored: &[String]) -> Column {
    if ignored.iter().any(|one| one == name) {
        return Column::Ignored;
    }
    match name {
        "external_id" => Column::Id,
        _ => match form_key::canonical(name) {
            Some("full_name" | "message") | None => Column::Custom(name.to_owned()),
            Some(field) => Column::Field(field),
        },
    }
}

/// What the values of a column are like.
#[derive(Default)]
struct Said {
    count: usize,
    days: usize,
    values: HashSet<String>,
}

/// Different values of which a column may have one for so many leads, to be something that several share.
const SHARED_BY: usize = 20;

impl Said {
    fn hear(&mut self, value: &str) {
        self.count += 1;
        let is_day = value.len() == 10 && value.bytes().filter(u8::is_ascii_digit).count() == 8;
        self.days += usize::from(is_day);
        self.values.insert(value.to_owned());
    }

    /// Days are dates; what has few values is a text that several share; of anything else nothing is known.
    fn kind(&self) -> Option<EvidenceKind> {
        if self.days * 5 > self.count * 4 {
            return Some(EvidenceKind::Date);
        }
        (self.values.len() * SHARED_BY < self.count).then_some(EvidenceKind::Text)
    }
}

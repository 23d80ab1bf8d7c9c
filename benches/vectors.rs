//! Holds the normal forms of telephone numbers and e-mail addresses against public vectors.
//!
//! `BATON_VECTORS` names a folder with `phone/phone_numbers.csv`, `email/isemail_rfc.csv` and
//! `email/isemail_node.json`. Fails when fewer than 99 % of the numbers are right, or when a
//! valid address is refused. `BATON_VECTORS_MISSES=1` lists every miss.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use baton::domain::normalise::{EmailAddress, phone};

type Problem = Box<dyn std::error::Error>;

/// Smallest share of right E.164 results.
const PHONE_SHARE: f64 = 0.99;

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("BATON_VECTORS").map(PathBuf::from) else {
        println!("BATON_VECTORS names no folder: nothing to measure");
        return ExitCode::SUCCESS;
    };
    match measure(&folder) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            println!("the vectors cannot be read: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn measure(folder: &Path) -> Result<bool, Problem> {
    let phones = measure_phones(&folder.join("phone/phone_numbers.csv"))?;
    let mut mail = Tally::default();
    read_rfc(&folder.join("email/isemail_rfc.csv"), &mut mail)?;
    read_node(&folder.join("email/isemail_node.json"), &mut mail)?;
    Ok(mail.report() && phones)
}

/// Right of all.
#[derive(Default, Clone, Copy)]
struct Share {
    right: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, right: bool) {
        self.right += usize::from(right);
        self.all += 1;
    }

    fn of_one(self) -> f64 {
        if self.all == 0 {
            1.0
        } else {
            self.right as f64 / self.all as f64
        }
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>5} / {:<5} {:6.2} %",
            self.right,
            self.all,
            self.of_one() * 100.0
        )
    }
}

fn measure_phones(file: &Path) -> Result<bool, Problem> {
    phone::warm();
    let text = std::fs::read_to_string(file)?;
    let mut all = Share::default();
    // Lines where either side has an E.164 form: the one that counts.
    let mut e164 = Share::default();
    let mut by_writing: BTreeMap<String, Share> = BTreeMap::new();
    let started = Instant::now();
    for cells in rows(&text) {
        let [region, kind, written, input, expected, _valid] = cells.as_slice() else {
            return Err(format!("a line of {} cells", cells.len()).into());
        };
        let found = phone::parse(input, Some(region))
            .and_then(|number| number.e164)
            .unwrap_or_default();
        let right = found == *expected;
        all.add(right);
        if !found.is_empty() || !expected.is_empty() {
            e164.add(right);
        }
        let writing = if kind == "invalid" {
            "invalid".to_owned()
        } else {
            written.clone()
        };
        by_writing.entry(writing).or_default().add(right);
        miss(right, || {
            format!("phone {region} {kind} {written}: {input:?} gave {found:?}, not {expected:?}")
        });
    }
    let each = started.elapsed() / all.all.max(1) as u32;
    println!("phone lines right      {all}   ({each:?} each, patterns compiled on the way)");
    println!("  E.164 results        {e164}");
    for (writing, share) in &by_writing {
        println!("  {writing:<20} {share}");
    }
    Ok(e164.of_one() >= PHONE_SHARE)
}

#[derive(Default)]
struct Tally {
    accepted: Share,
    refused: Share,
    repaired: usize,
}

impl Tally {
    fn valid(&mut self, address: &str) {
        let parsed = EmailAddress::parse(address);
        self.accepted.add(parsed.is_ok());
        miss(parsed.is_ok(), || {
            format!("valid address refused: {address:?} {parsed:?}")
        });
        if let Ok(first) = parsed {
            let again = EmailAddress::parse(first.as_str());
            miss(again.as_ref() == Ok(&first), || {
                format!("not the same when read again: {first:?} {again:?}")
            });
        }
    }

    /// White space at the ends and dots after the domain are taken off by design, so an
    /// address that is wrong by them alone is repaired and not counted as refused or missed.
    fn invalid(&mut self, address: &str) {
        let repaired = address.trim().trim_end_matches('.');
        let parsed = EmailAddress::parse(address);
        if repaired != address && parsed.is_ok() {
            self.repaired += 1;
            return;
        }
        self.refused.add(parsed.is_err());
        miss(parsed.is_err(), || {
            format!("invalid address accepted: {address:?} {parsed:?}")
        });
    }

    fn report(&self) -> bool {
        println!("e-mail valid accepted  {}", self.accepted);
        println!("e-mail invalid refused {}", self.refused);
        println!("  repaired by trimming {:>5}", self.repaired);
        self.accepted.right == self.accepted.all
    }
}

fn read_rfc(file: &Path, tally: &mut Tally) -> Result<(), Problem> {
    let text = std::fs::read_to_string(file)?;
    for cells in rows(&text) {
        let [_, address, category, _] = cells.as_slice() else {
            return Err(format!("a line of {} cells", cells.len()).into());
        };
        let address: String = address.chars().map(control_character).collect();
        match category.as_str() {
            "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN" | "ISEMAIL_RFC5321" => {
                tally.valid(&address)
            }
            "ISEMAIL_ERR" => tally.invalid(&address),
            _ => {}
        }
    }
    Ok(())
}

fn read_node(file: &Path, tally: &mut Tally) -> Result<(), Problem> {
    let text = without_half_pairs(&std::fs::read_to_string(file)?);
    let cases: Vec<(String, String)> = serde_json::from_str(&text)?;
    for (address, diagnosis) in cases {
        match diagnosis.as_str() {
            "valid" => tally.valid(&address),
            known if known.starts_with("dnsWarn") || known.starts_with("rfc5321") => {
                tally.valid(&address)
            }
            error if error.starts_with("err") => tally.invalid(&address),
            _ => {}
        }
    }
    Ok(())
}

/// JSON whose escaped halves of surrogate pairs, which are no Unicode text, are NUL instead.
fn without_half_pairs(json: &str) -> String {
    let high = |text: &str| {
        text.get(2..6)
            .and_then(|hex| u16::from_str_radix(hex, 16).ok())
            .is_some_and(|unit| (0xD800..0xDC00).contains(&unit))
    };
    let low = |text: &str| {
        text.starts_with("\\u")
            && text
                .get(2..6)
                .and_then(|hex| u16::from_str_radix(hex, 16).ok())
                .is_some_and(|unit| (0xDC00..0xE000).contains(&unit))
    };
    let mut whole = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find("\\u") {
        whole.push_str(&rest[..start]);
        rest = &rest[start..];
        let length = if high(rest) && low(&rest[6..]) {
            12
        } else {
            6.min(rest.len())
        };
        let half = length == 6 && (high(rest) || low(rest));
        whole.push_str(if half { "\\u0000" } else { &rest[..length] });
        rest = &rest[length..];
    }
    whole + rest
}

/// U+2400 to U+241F are pictures of the control characters they stand for.
fn control_character(c: char) -> char {
    match c {
        '\u{2400}'..='\u{241F}' => char::from_u32(c as u32 - 0x2400).unwrap_or(c),
        c => c,
    }
}

fn miss(right: bool, line: impl FnOnce() -> String) {
    if !right && std::env::var_os("BATON_VECTORS_MISSES").is_some() {
        println!("    {}", line());
    }
}

/// The lines of a CSV text (RFC 4180) without its header.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![];
    let mut row = vec![];
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.drain(..1.min(rows.len()));
    rows
}

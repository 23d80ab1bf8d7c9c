//! Reading a pool: everything that is wrong with it, or a pool to choose from.

use super::candidate::{Exclusion, not_come_in};
use super::compile::{References, wrong_user};
use super::document::{
    Absence, MemberDocument, MembersDocument, PoolDocument, Strategy, Territory, WhenAllOffShift,
};
use super::needs::{Needs, Source, postal_form};
use super::pool::{Member, Members, Place, Pool};
use crate::domain::condition::{Column, Kind};
use crate::domain::nearest::{did_you_mean, shown_name};
use crate::domain::normalise::{country, locale};
use crate::domain::rules::Rules;
use crate::error::FieldError;

/// A pool that can be used.
#[derive(Debug, Clone, PartialEq)]
pub struct CompiledPool {
    /// What is chosen from.
    pub pool: Pool,
    /// What is worth a look, though it can be used.
    pub warnings: Vec<FieldError>,
}

/// Reads a pool.
///
/// # Errors
/// Everything that is wrong with it, by JSON pointers.
pub fn compile_pool(
    document: &PoolDocument,
    rules: &Rules,
    references: &References,
) -> Result<CompiledPool, Vec<FieldError>> {
    let mut errors = Vec::new();
    if document.name.trim().is_empty() {
        errors.push(FieldError::new("/name", "empty_name", "a pool has a name"));
    }
    if document.strategy == Strategy::BestScore && document.hot_from_score.is_none() {
        let detail =
            "`best_score` needs `hot_from_score`: the least score of leads that go to the best";
        errors.push(FieldError::new("/hot_from_score", "needs_score", detail));
    }
    let mut source = |name: &Option<String>, at: &str| {
        let read = name.as_deref().map(|name| source_of(name, rules, at));
        read.transpose().unwrap_or_else(|wrong| {
            errors.push(wrong);
            None
        })
    };
    let needs = Needs {
        skills: lower(&document.needs.skills),
        skills_from: source(&document.needs.skills_from, "/needs/skills_from"),
        language_from: source(&document.needs.language_from, "/needs/language_from"),
        territory: document.needs.territory,
    };
    let members = match &document.members {
        MembersDocument::Everybody(_) => Members::AllReps,
        MembersDocument::Listed(listed) => {
            let read =
                |(index, _)| read_member(listed, index, document.strategy, references, &mut errors);
            Members::Listed(listed.iter().enumerate().map(read).collect())
        }
    };
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut pool = Pool {
        name: document.name.clone(),
        strategy: document.strategy,
        asks_of_open_leads: document.strategy == Strategy::LeastLoaded || has_open_cap(&members),
        members,
        needs,
        when_all_off_shift: document.when_all_off_shift,
        hot_from_score: document
            .hot_from_score
            .filter(|_| document.strategy == Strategy::BestScore),
        returns_turn: document.returns_turn.clone(),
        can_be_empty: false,
        skills: references.skills.clone(),
    };
    let warnings = warnings(document, &pool, references);
    pool.can_be_empty = warnings
        .iter()
        .any(|warning| warning.code == "can_be_empty");
    Ok(CompiledPool { pool, warnings })
}

fn has_open_cap(members: &Members) -> bool {
    match members {
        Members::AllReps => false,
        Members::Listed(members) => members.iter().any(|member| member.open_cap.is_some()),
    }
}

fn lower(texts: &[String]) -> Vec<String> {
    texts
        .iter()
        .map(|text| text.trim().to_lowercase())
        .collect()
}

fn source_of(name: &str, rules: &Rules, at: &str) -> Result<Source, FieldError> {
    if name == "tags" {
        return Ok(Source::Tags);
    }
    if let Some(key) = name.strip_prefix("custom.") {
        return match rules.field(key) {
            Some(field) if !field.archived => Ok(Source::Custom(key.to_owned())),
            _ => {
                let keys = rules.fields.iter().map(|field| field.key.as_str());
                let hint = did_you_mean(key, keys);
                let detail = format!(
                    "the workspace has no field `{}` in use{hint}",
                    shown_name(key)
                );
                Err(FieldError::new(at, "unknown_lead_field", detail))
            }
        };
    }
    let says_text = |column: &Column| matches!(column.kind(), Kind::Text | Kind::Choice);
    match Column::from_name(name).filter(says_text) {
        Some(column) => Ok(Source::Column(column)),
        None => {
            let known = Column::ALL
                .iter()
                .copied()
                .filter(says_text)
                .map(Column::name);
            let hint = did_you_mean(name, known.chain(["tags"]));
            let detail = format!("leads have no text field `{}`{hint}", shown_name(name));
            Err(FieldError::new(at, "unknown_lead_field", detail))
        }
    }
}

fn read_member(
    listed: &[MemberDocument],
    index: usize,
    strategy: Strategy,
    references: &References,
    errors: &mut Vec<FieldError>,
) -> Member {
    let member = &listed[index];
    let at = format!("/members/{index}");
    errors.extend(wrong_user(
        member.user_id,
        references.roster,
        &format!("{at}/user_id"),
    ));
    let mut wrong = |place: String, code, detail: &str| {
        errors.push(FieldError::new(format!("{at}/{place}"), code, detail));
    };
    if listed[..index]
        .iter()
        .any(|other| other.user_id == member.user_id)
    {
        wrong(
            "user_id".to_owned(),
            "repeated",
            "each user once in a pool; give them more weight instead",
        );
    }
    for (number, absence) in member.absences.iter().enumerate() {
        if absence.to <= absence.from {
            wrong(
                format!("absences/{number}/to"),
                "ends_before_it_begins",
                "an absence ends after it began",
            );
        }
    }
    for (number, language) in member.languages.iter().enumerate() {
        if locale::language(language).is_none() {
            wrong(
                format!("languages/{number}"),
                "unknown_language",
                "a language is a BCP 47 tag, such as `de` or `pt-BR`",
            );
        }
    }
    for (number, territory) in member.territories.iter().enumerate() {
        if country::alpha2(&territory.country).is_none() {
            wrong(
                format!("territories/{number}/country"),
                "unknown_country",
                "a country is an ISO 3166-1 alpha-2 code, such as `DE`",
            );
        }
    }
    let mut calendar = member.calendar.iter();
    if calendar.any(|key| !references.calendars.contains(key)) {
        wrong(
            "calendar".to_owned(),
            "unknown_calendar",
            "there is no calendar of this key in use",
        );
    }
    let is_weighted = matches!(strategy, Strategy::Weighted | Strategy::LeastLoaded);
    let spelled = |language: &String| locale::language(language).map(|tag| tag.to_lowercase());
    Member {
        user_id: member.user_id,
        weight: if is_weighted {
            member.weight.clamp(1, 100)
        } else {
            1
        },
        rank: member.rank,
        skills: lower(&member.skills),
        languages: member.languages.iter().filter_map(spelled).collect(),
        territories: member.territories.iter().map(place_of).collect(),
        calendar: member.calendar.clone(),
        absences: member.absences.clone(),
        daily_cap: member.daily_cap,
        open_cap: member.open_cap,
    }
}

fn place_of(territory: &Territory) -> Place {
    Place {
        country: country::alpha2(&territory.country)
            .unwrap_or_default()
            .to_owned(),
        region: territory
            .region
            .as_deref()
            .map(|region| region.trim().to_lowercase()),
        postal_codes: territory
            .postal_codes
            .iter()
            .map(|code| postal_form(code))
            .collect(),
    }
}

fn warnings(document: &PoolDocument, pool: &Pool, references: &References) -> Vec<FieldError> {
    let members = pool.members(references.roster);
    let all = |is_bound: fn(&Member) -> bool| members.iter().all(is_bound);
    let needs = &pool.needs;
    let asks_skills = !needs.skills.is_empty() || needs.skills_from.is_some();
    let out = |user_id| not_come_in(references.roster.find(user_id));
    let can_be_empty = [
        (members.is_empty(), "nobody is in it"),
        (
            members.iter().all(|one| out(one.user_id).is_some()),
            "nobody in it has accepted the invitation and may do more than read",
        ),
        (
            all(|one| one.daily_cap.is_some() || one.open_cap.is_some()),
            "every member has a cap",
        ),
        (
            all_absent_at_once(members),
            "there is a time at which all are absent",
        ),
        (
            asks_skills || needs.language_from.is_some(),
            "skills and languages can exclude all",
        ),
        (
            needs.territory && all(|one| !one.territories.is_empty()),
            "leads from elsewhere are in no territory",
        ),
        (
            pool.when_all_off_shift == WhenAllOffShift::Fallback
                && all(|one| one.calendar.is_some()),
            "all can be off shift",
        ),
    ];
    let first = can_be_empty.iter().find(|(can_be, _)| *can_be);
    let mut found: Vec<FieldError> = first
        .map(|(_, why)| {
            let detail = format!("there can be leads that nobody in this pool can take: {why}; see that a target comes behind it");
            FieldError::new("/members", "can_be_empty", detail)
        })
        .into_iter()
        .collect();
    if let MembersDocument::Listed(listed) = &document.members {
        for (index, member) in listed.iter().enumerate() {
            let (code, detail) = match out(member.user_id) {
                Some(Exclusion::Invited) => (
                    "invited_user",
                    "this user has not accepted the invitation yet, and gets no leads before",
                ),
                Some(Exclusion::ReadOnly) => (
                    "readonly_user",
                    "this user may only read, and gets no leads",
                ),
                _ => continue,
            };
            let at = format!("/members/{index}/user_id");
            found.push(FieldError::new(at, code, detail));
        }
        let is_weighted = matches!(
            document.strategy,
            Strategy::Weighted | Strategy::LeastLoaded
        );
        let idle = listed
            .iter()
            .position(|member| member.weight != 1 && !is_weighted);
        found.extend(idle.map(|index| {
            let detail = "weights count for `weighted` and `least_loaded` only: choose one of them, or leave the weight out";
            FieldError::new(format!("/members/{index}/weight"), "not_for_this_strategy", detail)
        }));
    }
    found
}

/// Whether there is a moment at which everybody is absent. If there is, one absence begins at such a moment.
fn all_absent_at_once(members: &[Member]) -> bool {
    let begins = members.iter().flat_map(|member| &member.absences);
    let mut begins = begins.map(|absence: &Absence| absence.from);
    begins.any(|at| {
        members
            .iter()
            .all(|member| member.absent_until(at).is_some())
    })
}

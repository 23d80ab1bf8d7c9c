//! What a workspace writes about routing: the policy, and its pools.

use crate::domain::condition::ConditionDocument;
use chrono::{DateTime, Utc};
use serde::de::value::{SeqAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use utoipa::ToSchema;
use uuid::Uuid;

/// By which rules leads find their owners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingDocument {
    /// In order: the first whose condition holds counts.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub rules: Vec<RuleDocument>,
    /// What is tried when no rule holds, or none of its targets can take the lead; the queue `unassigned` always comes last.
    #[serde(default = "everyone")]
    #[schema(max_items = 20)]
    pub fallback: Vec<Target>,
    /// Minutes within which a user has to accept a lead; where none are said, a lead is accepted as soon as it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 43_200)]
    pub accept_within_minutes: Option<u32>,
    /// Hours without an activity of the owner after which a lead is taken back, also one that was claimed or given by hand. A call,
    /// mail, meeting, SMS or chat that went out and that a program has noted counts for the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 8_760)]
    pub take_back_after_idle_hours: Option<u32>,
}

fn everyone() -> Vec<Target> {
    vec![
        Target::Pool("everyone".to_owned()),
        Target::Queue("unassigned".to_owned()),
    ]
}

impl Default for RoutingDocument {
    /// Everybody in turn. It needs the pool `everyone`, which is
    /// [`PoolDocument::default`].
    fn default() -> Self {
        RoutingDocument {
            rules: Vec::new(),
            fallback: everyone(),
            accept_within_minutes: None,
            take_back_after_idle_hours: None,
        }
    }
}

/// Which leads go where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RoutingRule)]
pub struct RuleDocument {
    /// What decisions name it by: a–z, 0–9 and `_`.
    #[schema(
        min_length = 1,
        max_length = 50,
        pattern = "^[a-z][a-z0-9_]*$",
        example = "dach"
    )]
    pub key: String,
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "DACH enterprise")]
    pub name: String,
    /// Which leads; without it, every lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ConditionDocument>)]
    pub when: Option<Value>,
    /// In order: the first that can take the lead does.
    #[schema(min_items = 1, max_items = 20)]
    pub to: Vec<Target>,
    /// Minutes within which a user has to accept the lead; else the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 43_200)]
    pub accept_within_minutes: Option<u32>,
    /// Hours without an activity of the owner after which the lead is taken back; else the policy's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 8_760)]
    pub take_back_after_idle_hours: Option<u32>,
}

/// Who may get a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Who owns the account: who has the latest lead of the same company, by the domain of its website, or else of its mail
    /// address, unless that is a free provider's. Always `true`.
    OwnerOfAccount(bool),
    /// Who had the lead before, if that is not too long ago.
    EarlierOwner(EarlierOwnerTarget),
    /// Whose turn it is in the pool of that key.
    Pool(String),
    /// One user.
    User(Uuid),
    /// The queue of that key, from which leads are claimed. It takes every lead.
    Queue(String),
}

/// How long somebody stays the one who knows a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierOwnerTarget {
    /// Days since they last had it.
    #[schema(minimum = 1, maximum = 3_650)]
    pub within_days: u32,
}

/// How a pool chooses among the members who can take a lead. Ties are always settled by turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Everybody in turn, all alike.
    #[default]
    RoundRobin,
    /// In turn, as often as their weights say.
    Weighted,
    /// Who has the fewest open leads for their weight.
    LeastLoaded,
    /// Leads of a score of at least `hot_from_score` go to the members of the best rank who can take them; others to
    /// everybody in turn.
    BestScore,
}

/// What happens to a lead when everybody who could take it is off shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenAllOffShift {
    /// It is given in turn as if they were on shift: it has an owner at once, and what comes in overnight is spread evenly.
    #[default]
    IgnoreShift,
    /// It is given to those who come back first, in turn.
    NextOnShift,
    /// The next target is tried.
    Fallback,
}

/// How somebody can let a lead go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetGo {
    /// They said no.
    Rejected,
    /// They did not accept it in time.
    TimedOut,
    /// It was taken from them.
    TakenBack,
}

/// People who share leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolDocument {
    /// What people read.
    #[schema(min_length = 1, max_length = 200, example = "DACH")]
    pub name: String,
    /// How it chooses.
    #[serde(default)]
    pub strategy: Strategy,
    /// Who is in it, in the order of the first turns.
    #[serde(default)]
    pub members: MembersDocument,
    /// What a member has to have for a lead.
    #[serde(default)]
    pub needs: NeedsDocument,
    /// What happens when everybody who could take a lead is off shift.
    #[serde(default)]
    pub when_all_off_shift: WhenAllOffShift,
    /// For `best_score`: the least score of leads that go to the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 80)]
    pub hot_from_score: Option<i32>,
    /// After what a member gets the turn back. Not after letting a lead time out, by default: who is away from the desk would be
    /// offered every next lead, and each would wait.
    #[serde(default = "rejected_or_taken")]
    #[schema(max_items = 3)]
    pub returns_turn: Vec<LetGo>,
}

fn rejected_or_taken() -> Vec<LetGo> {
    vec![LetGo::Rejected, LetGo::TakenBack]
}

impl Default for PoolDocument {
    /// All reps, in turn.
    fn default() -> Self {
        PoolDocument {
            name: "Everyone".to_owned(),
            strategy: Strategy::default(),
            members: MembersDocument::default(),
            needs: NeedsDocument::default(),
            when_all_off_shift: WhenAllOffShift::default(),
            hot_from_score: None,
            returns_turn: rejected_or_taken(),
        }
    }
}

/// Who is in a pool: a list of members, or `all_reps`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MembersDocument {
    /// Every active user who is a rep, a manager or an admin, all alike.
    Everybody(AllReps),
    /// These.
    Listed(Vec<MemberDocument>),
}

/// The word for every active user who is a rep, a manager or an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllReps {
    /// Everybody.
    AllReps,
}

impl Default for MembersDocument {
    fn default() -> Self {
        MembersDocument::Everybody(AllReps::AllReps)
    }
}

// By hand, so that what is wrong with a member is told at its place; an untagged enum only says that nothing fits.
impl<'de> Deserialize<'de> for MembersDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = MembersDocument;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list of members, or \"all_reps\"")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
                AllReps::deserialize(StrDeserializer::new(word)).map(MembersDocument::Everybody)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(members)).map(MembersDocument::Listed)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberDocument {
    /// Who.
    pub user_id: Uuid,
    /// How many turns for one of somebody of weight 1; for `weighted` and `least_loaded`.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub weight: u32,
    /// For `best_score`: 1 is the best.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 100, default = 1)]
    pub rank: u32,
    /// What they can do, in small or capital letters.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub skills: Vec<String>,
    /// What they speak, BCP 47; `de` also stands for `de-AT`.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["de", "en"]))]
    pub languages: Vec<String>,
    /// Where they work; everywhere when there are none.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub territories: Vec<Territory>,
    /// The key of the calendar of their shift; always on shift without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// When they are not there.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub absences: Vec<Absence>,
    /// Most leads that the pool gives them on one day of the workspace's zone; a lead that is returned on that day does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100_000)]
    pub daily_cap: Option<u32>,
    /// Most open leads that they have, of any pool or none, for the pool to give them another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub open_cap: Option<u32>,
}

fn one() -> u32 {
    1
}

/// Part of the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Territory {
    /// ISO 3166-1 alpha-2.
    #[schema(min_length = 2, max_length = 100, example = "DE")]
    pub country: String,
    /// State, province or county, as leads have it; the whole country without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200, example = "Bavaria")]
    pub region: Option<String>,
    /// What postal codes begin with; every code when there are none.
    #[serde(default)]
    #[schema(max_items = 500, example = json!(["80", "81"]))]
    pub postal_codes: Vec<String>,
}

/// A time in which somebody is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Absence {
    /// The first moment.
    pub from: DateTime<Utc>,
    /// The moment they are back.
    pub to: DateTime<Utc>,
}

/// What a member has to have for a lead. What is not known of a lead is not asked of a member, territories apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NeedsDocument {
    /// Every one of these skills.
    #[schema(max_items = 20)]
    pub skills: Vec<String>,
    /// And every one that this field of the lead names: `tags`, `industry`, `custom.product` …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "custom.product")]
    pub skills_from: Option<String>,
    /// The language that this field of the lead names, mostly `language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "language")]
    pub language_from: Option<String>,
    /// That the lead is in their territory. A lead whose country is not known is in nobody's, but for members who work everywhere.
    pub territory: bool,
}

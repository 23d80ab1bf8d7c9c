//! BANT: the framework of a new workspace.

use super::answer::AnswerState;
use super::document::*;
use std::collections::BTreeMap;

impl Default for FrameworkDocument {
    /// Budget, authority, need and timing, cautiously: every stated budget meets (small firms are customers too), the job
    /// title hints at authority, timing is met within 90 days and partly within 365. All four make `sql`, need and one more
    /// `mql`. Who has no need, and lacks another criterion too, is disqualified: one careless "no" is not enough.
    fn default() -> Self {
        FrameworkDocument {
            name: "BANT".to_owned(),
            criteria: vec![
                criterion(
                    "budget",
                    "Budget",
                    "What budget is set aside?",
                    180,
                    AnswerType::Money {
                        met: Vec::new(),
                        partly: Vec::new(),
                        rates: BTreeMap::new(),
                    },
                ),
                criterion(
                    "authority",
                    "Authority",
                    "Who decides on the purchase?",
                    365,
                    AnswerType::Choice { options: roles() },
                ),
                criterion(
                    "need",
                    "Need",
                    "What should become better?",
                    365,
                    AnswerType::Text {
                        words: BTreeMap::new(),
                        otherwise: AnswerState::Met,
                    },
                ),
                criterion(
                    "timing",
                    "Timing",
                    "By when do you want it?",
                    180,
                    AnswerType::Timing {
                        met_within_days: 90,
                        partly_within_days: Some(365),
                        words: BTreeMap::new(),
                    },
                ),
            ],
            verdicts: verdicts(),
            otherwise: Verdict::Unqualified,
            inference: vec![InferenceRule {
                key: "job_title".to_owned(),
                when: None,
                criterion: "authority".to_owned(),
                value: None,
                field: Some("title".to_owned()),
                confidence_permille: 600,
            }],
            trust: Trust::default(),
            max_age_days: None,
            when_stale: WhenStale::Partly,
            stages: StageMoves::default(),
        }
    }
}

fn criterion(
    key: &str,
    name: &str,
    question: &str,
    max_age_days: u32,
    answer: AnswerType,
) -> CriterionDocument {
    CriterionDocument {
        key: key.to_owned(),
        name: name.to_owned(),
        question: question.to_owned(),
        answer,
        required: true,
        weight: 1,
        max_age_days: Some(max_age_days),
    }
}

fn verdicts() -> Vec<VerdictRule> {
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    let rule = |verdict, when| VerdictRule { verdict, when };
    vec![
        rule(
            Verdict::SalesQualified,
            VerdictWhen {
                met: keys(&["budget", "authority", "need", "timing"]),
                ..VerdictWhen::default()
            },
        ),
        rule(
            Verdict::MarketingQualified,
            VerdictWhen {
                met: keys(&["need"]),
                met_at_least: 2,
                ..VerdictWhen::default()
            },
        ),
        rule(
            Verdict::Disqualified,
            VerdictWhen {
                unmet: keys(&["need"]),
                unmet_at_least: 2,
                ..VerdictWhen::default()
            },
        ),
    ]
}

/// Titles and words in English, German, French and Spanish.
fn roles() -> Vec<ChoiceOption> {
    let option = |value: &str, name: &str, state, words: &[&str]| ChoiceOption {
        value: value.to_owned(),
        name: name.to_owned(),
        state,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    vec![
        option(
            "decision_maker",
            "Decides",
            AnswerState::Met,
            &[
                "ceo",
                "cfo",
                "cto",
                "coo",
                "cmo",
                "cio",
                "chief",
                "founder",
                "co-founder",
                "cofounder",
                "owner",
                "co-owner",
                "president",
                "partner",
                "managing partner",
                "managing director",
                "general manager",
                "director",
                "head of",
                "vp",
                "svp",
                "evp",
                "vice president",
                "i decide",
                "i make the decision*",
                "decider",
                "decision maker*",
                "budget holder",
                "geschäftsführ*",
                "geschaeftsfuehr*",
                "inhaber*",
                "gründer*",
                "vorstand*",
                "leiter*",
                "bereichsleiter*",
                "prokurist*",
                "entscheider*",
                "ich entscheide",
                "pdg",
                "dirigeant*",
                "gérant*",
                "directeur*",
                "directrice*",
                "fondateur*",
                "fondatrice*",
                "décideur*",
                "décisionnaire*",
                "je décide",
                "dueñ*",
                "propietari*",
                "gerente general",
                "directora",
                "fundador*",
                "yo decido",
                "decisor*",
            ],
        ),
        option(
            "influencer",
            "Recommends",
            AnswerState::Partly,
            &[
                "manager",
                "team lead",
                "lead",
                "recommender",
                "recommend*",
                "influence*",
                "evaluat*",
                "my boss",
                "my manager",
                "part of the decision*",
                "i am part of*",
                "we decide together",
                "product owner",
                "consultant",
                "project manager",
                "account manager",
                "teamleiter*",
                "projektleiter*",
                "referent*",
                "berater*",
                "ich empfehle",
                "mein chef",
                "responsable",
                "chef de projet",
                "conseiller*",
                "je recommande",
                "gerente",
                "jefe de*",
                "jefa de*",
                "asesor*",
                "recomiendo",
            ],
        ),
        option(
            "user",
            "Uses it",
            AnswerState::Unmet,
            &[
                "intern",
                "student",
                "assistant",
                "assistant to the ceo",
                "executive assistant",
                "trainee",
                "end user",
                "researching",
                "just researching",
                "not the decision maker*",
                "i do not decide",
                "i don't decide",
                "praktikant*",
                "werkstudent*",
                "assistent*",
                "azubi*",
                "anwender*",
                "ich entscheide nicht",
                "kein entscheider",
                "stagiaire*",
                "étudiant*",
                "assistante",
                "utilisateur*",
                "becari*",
                "estudiante*",
                "asistente*",
                "usuari*",
            ],
        ),
    ]
}

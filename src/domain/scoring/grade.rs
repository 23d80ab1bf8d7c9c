//! Grades: a letter for fit and a figure for engagement.

use super::document::{EngagementGrades, FitGrades};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How well a lead fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FitGrade {
    A,
    B,
    C,
    D,
}

/// How much a lead takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngagementGrade {
    One,
    Two,
    Three,
    Four,
}

/// Both: `A1` is the best, `D4` the least. The order of the texts is the order of the grades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Grade {
    /// The letter.
    pub fit: FitGrade,
    /// The figure.
    pub engagement: EngagementGrade,
}

impl FitGrades {
    /// The grade of so many points.
    pub fn grade(&self, points: i32) -> FitGrade {
        match points {
            _ if points >= self.a => FitGrade::A,
            _ if points >= self.b => FitGrade::B,
            _ if points >= self.c => FitGrade::C,
            _ => FitGrade::D,
        }
    }
}

impl EngagementGrades {
    /// The grade of so many points.
    pub fn grade(&self, points: f64) -> EngagementGrade {
        match points {
            _ if points >= f64::from(self.one) => EngagementGrade::One,
            _ if points >= f64::from(self.two) => EngagementGrade::Two,
            _ if points >= f64::from(self.three) => EngagementGrade::Three,
            _ => EngagementGrade::Four,
        }
    }
}

impl Grade {
    /// The names of all grades, by letter and figure.
    pub const NAMES: [[&str; 4]; 4] = [
        ["A1", "A2", "A3", "A4"],
        ["B1", "B2", "B3", "B4"],
        ["C1", "C2", "C3", "C4"],
        ["D1", "D2", "D3", "D4"],
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        Grade::NAMES[self.fit as usize][self.engagement as usize]
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl From<Grade> for String {
    fn from(grade: Grade) -> String {
        grade.to_string()
    }
}

impl TryFrom<String> for Grade {
    type Error = String;

    fn try_from(text: String) -> Result<Grade, String> {
        let no_grade = || "a grade is a letter from A to D and a figure from 1 to 4".to_owned();
        let (fit, engagement) = text.split_at_checked(1).ok_or_else(no_grade)?;
        Ok(Grade {
            fit: match fit {
                "A" => FitGrade::A,
                "B" => FitGrade::B,
                "C" => FitGrade::C,
                "D" => FitGrade::D,
                _ => return Err(no_grade()),
            },
            engagement: match engagement {
                "1" => EngagementGrade::One,
                "2" => EngagementGrade::Two,
                "3" => EngagementGrade::Three,
                "4" => EngagementGrade::Four,
                _ => return Err(no_grade()),
            },
        })
    }
}

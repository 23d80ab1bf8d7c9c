//! Which stage a verdict moves a lead to.

use super::document::{StageMode, Verdict};
use super::framework::Framework;
use crate::domain::stage::StageKind;

/// The kind of stage to which the verdict moves a lead; `None`: it stays.
///
/// A lead never leaves `converted` or `disqualified` by a verdict: people decided those. Going back, it only leaves a kind
/// that a verdict gives, so that what sales has accepted stays accepted.
pub fn stage_move(
    framework: &Framework,
    current: StageKind,
    verdict: Verdict,
) -> Option<StageKind> {
    let moves = &framework.stages.moves;
    let target = *moves.get(&verdict)?;
    if target == current || current >= StageKind::Converted {
        return None;
    }
    let is_up = target > current && target != StageKind::Disqualified;
    let may = match framework.stages.mode {
        StageMode::Never => false,
        StageMode::UpOnly => is_up,
        StageMode::Follow => {
            is_up
                || target == StageKind::Disqualified
                || moves.values().any(|given| *given == current)
        }
    };
    may.then_some(target)
}

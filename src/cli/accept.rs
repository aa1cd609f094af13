//! `accept`.

use clap::Args;
use state::Address;

/// Write what others changed into the files that declare it
///
/// Takes what `tenure drift` shows and changes the block, row or list that says otherwise, and nothing else of the file:
/// comments, order and layout stay. Before anything is written, the files as they would be are planned with: the plan
/// must leave alone what was accepted. All files are changed, or none. Where a value comes from an expression or a rule
/// for many, an exception is only proposed: --patch prints it with the rest.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  tenure accept account.chat.ada            what was changed about one account
  tenure accept                             all that the files have a place for
  tenure accept person.ada --patch | git apply

With addresses, nothing is written unless all of it can be. Without, what cannot is told and left.

Exit codes: 0 written, printed, or nothing to accept; 1 error; 3 without addresses, something could not be accepted.")]
pub struct AcceptArgs {
    /// Only these and what belongs to them: person.ada, account.chat.ada, membership.chat.core.ada
    #[arg(value_name = "ADDRESS")]
    pub only: Vec<Address>,
    /// Print a unified diff, with what is proposed, instead of writing
    #[arg(long)]
    pub patch: bool,
}

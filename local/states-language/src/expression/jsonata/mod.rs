//! JSONata expressions: `{% $states.input.name %}`.
//!
//! The crate `jsonata-core` evaluates them. Of the maintained crates it is the one that passes all but a handful of the
//! official test suite, bounds its own recursion, and lets functions be replaced, which keeps time and randomness out of it.
//! It follows a later version of JSONata than AWS: `refusals` and `mended` bring it back to 2.0.6. What AWS adds to the
//! language (`$partition`, `$range`, `$hash`, `$uuid`, `$parse`, a seed for `$random`) and takes away (`$eval`) is in
//! `functions`. What was compared, and what differs, is in `docs/jsonata.md`.
//!
//! See [Transforming data with JSONata](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).

mod clock;
mod convert;
mod expression;
mod functions;
mod mended;
mod patterns;
mod reads;
mod refusals;
mod syntax;
mod tree;
mod urls;

pub(crate) use expression::Expression;

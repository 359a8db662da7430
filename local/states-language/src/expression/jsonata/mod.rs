//! JSONata expressions: `{% $states.input.name %}`.
//!
//! The expressions themselves are evaluated by the crate `jsonata-core`. Of the maintained crates it is the one that
//! passes all but a handful of the official test suite, bounds its own recursion, and lets functions be replaced, which
//! keeps time and randomness out of it. Its default features are left off; they only speed up reading JSON text, which
//! is not done here. What AWS adds to the language (`$partition`, `$range`, `$hash`, `$uuid`, `$parse`, a seed for
//! `$random`) and takes away (`$eval`) is done here.
//!
//! See [Transforming data with JSONata](https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).

mod convert;
mod expression;
mod functions;
mod reads;

pub(crate) use expression::Expression;

//! Lambda function for state machines: references to Parameter Store in, typed values out.

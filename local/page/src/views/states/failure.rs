//! Why something failed: the reason, the place, and what mends it.

use crate::show::{Context, icon, plain, tone};
use crate::words::{Language, Word};
use maud::{Markup, html};

/// A failure, told in three lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The state or the action that failed.
    pub(crate) what: String,
    /// The error's name, such as `QualityGateNotMet`.
    pub(crate) error: String,
    /// What was said to it.
    pub(crate) cause: String,
    /// The file and the line, such as `statemachine/training-pipeline.asl.json:120`.
    pub(crate) place: Option<String>,
    /// The least statement that would allow what was denied.
    pub(crate) statement: Option<String>,
}

/// What mends an error, by what its name or its cause begins with or has in it: in English and in Japanese.
const MENDS: &[(&str, &str, &str)] = &[
    (
        "the local run has no runtime",
        "The local run has no such runtime. A function in Go or Rust that is built for provided.al2023, with its bootstrap, runs \
         here; for others give the state an outcome with --mock FILE.",
        "ローカル実行にこのランタイムはありません。provided.al2023 向けに bootstrap としてビルドした関数 (Go、Rust) は動きます。ほかは \
         --mock FILE でステートに結果を与えてください。",
    ),
    (
        "Stepline.NotInLocalRun",
        "AWS has this and the local run does not. Give the state an outcome with --mock FILE.",
        "AWS にはありますが、ローカル実行にはありません。--mock FILE でステートに結果を与えてください。",
    ),
    (
        "QualityGateNotMet",
        "The new model is not good enough. Its metrics are beside the current model's in the state's input. Change the \
         data, the code or the hyperparameters and merge again; the current model stays in service.",
        "新しいモデルは基準に届きませんでした。指標はステートの入力にあります。データ・コード・ハイパーパラメータを変えて、もう一度マージしてください。現在のモデルはそのまま提供されます。",
    ),
    (
        "ParameterNotFound",
        "The parameter is not in Parameter Store. The template makes it, or put it: `aws ssm put-parameter`.",
        "パラメータが Parameter Store にありません。テンプレートで作成するか、`aws ssm put-parameter` で登録してください。",
    ),
    (
        "ParameterInvalid",
        "The parameter's value does not fit what the state machine asks for. Put one that does: `aws ssm put-parameter --overwrite`.",
        "パラメータの値が、ステートマシンの求める形式と合いません。`aws ssm put-parameter --overwrite` で正しい値を登録してください。",
    ),
    (
        "States.Timeout",
        "The work took longer than the state allows. The log says how far it got; raise TimeoutSeconds, or make it faster.",
        "許された時間を超えました。どこまで進んだかはログにあります。TimeoutSeconds を延ばすか、処理を速くしてください。",
    ),
    (
        "States.HeartbeatTimeout",
        "Nothing was heard of the task for longer than HeartbeatSeconds. The log says what it did last.",
        "HeartbeatSeconds の間、タスクから応答がありませんでした。最後に何をしたかはログにあります。",
    ),
    (
        "AccessDenied",
        "The role may not do this. The statement below is the least that allows it: add it to the role's policy in the template.",
        "ロールに権限がありません。下のステートメントが必要最小限です。テンプレートのロールのポリシーに加えてください。",
    ),
    (
        "not authorized to perform",
        "The role may not do this. The statement below is the least that allows it: add it to the role's policy in the template.",
        "ロールに権限がありません。下のステートメントが必要最小限です。テンプレートのロールのポリシーに加えてください。",
    ),
    (
        "AlgorithmError",
        "The job's own program failed. Its log ends where it stopped.",
        "ジョブのプログラムが失敗しました。ログの最後の行を見てください。",
    ),
    (
        "States.TaskFailed",
        "The task failed. Its log and its output say why.",
        "タスクが失敗しました。ログと出力に理由があります。",
    ),
    (
        "maximum number of history events",
        "A history has 25,000 events at most. Do a part of the work in executions of their own: a distributed Map, or a \
         state machine that starts another one.",
        "履歴は最大 25,000 イベントです。分散マップや、別のステートマシンの実行に分けてください。",
    ),
    (
        "States.Runtime",
        "The definition asks for something that the data does not have. Compare the path in the cause with the state's input.",
        "定義が参照するものがデータにありません。原因にあるパスとステートの入力を比べてください。",
    ),
    (
        "States.ParameterPathFailure",
        "A path in Parameters leads nowhere in this input. Compare it with the state's input.",
        "Parameters のパスが入力の中に見つかりません。ステートの入力と比べてください。",
    ),
    (
        "States.QueryEvaluationError",
        "A JSONata expression could not be computed. The cause says which; try it with the state's input under Definitions.",
        "JSONata 式を評価できませんでした。原因にどの式かが書かれています。「定義」でステートの入力を使って試せます。",
    ),
    (
        "States.DataLimitExceeded",
        "A state's data is larger than 256 KB. Put it into S3 and hand on its address.",
        "データが 256 KB を超えました。S3 に置き、その場所を渡してください。",
    ),
    (
        "Rejected",
        "Somebody rejected it; the comment says why. Change what they ask for and merge again.",
        "承認者が却下しました。コメントに理由があります。修正して、もう一度マージしてください。",
    ),
    (
        "Build",
        "A command of the build failed. Its log ends at it.",
        "ビルドのコマンドが失敗しました。ログの終わりを見てください。",
    ),
];

/// For what nothing better is known.
const ANY: (&str, &str) = (
    "The log and the input of what failed say more. After a change, merge again; where nothing was wrong with the change, retry.",
    "失敗した箇所のログと入力を確認してください。修正したらもう一度マージします。変更に問題がなければ再試行してください。",
);

impl Failure {
    /// What mends it, in a language.
    pub(crate) fn mend(&self, language: Language) -> &'static str {
        let fits = |(word, _, _): &&(&str, &str, &str)| self.error.contains(word) || self.cause.contains(word);
        let (english, japanese) = MENDS
            .iter()
            .find(fits)
            .map_or(ANY, |(_, english, japanese)| (english, japanese));
        match language {
            Language::English => english,
            Language::Japanese => japanese,
        }
    }
}

/// The failure, told.
pub(crate) fn failure(context: &Context, failure: &Failure) -> Markup {
    html! {
        section class="why" aria-label=(context.say(Word::WhyItFailed)) {
            p class="reason" {
                (icon(tone("Failed").0)) " "
                strong { (plain(&failure.what)) } ": "
                @if !failure.error.is_empty() && failure.error != failure.what { code { (plain(&failure.error)) } " " }
                span class="cause" { (plain(&failure.cause)) }
            }
            @if let Some(place) = &failure.place { p class="place" { (context.say(Word::Place)) ": " code { (plain(place)) } } }
            p class="mend" { (context.say(Word::Mend)) ": " (failure.mend(context.language)) }
            @if let Some(statement) = &failure.statement {
                pre class="statement" { (plain(statement)) }
                p { a href={ (context.to(&["permissions"], &[])) "#denials" } { (context.say(Word::Permissions)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mends_a_failure_is_found_by_its_error_or_its_cause() {
        for (error, cause, mend) in [
            ("QualityGateNotMet", "accuracy 0.5", "The new model is not good enough."),
            ("States.Timeout", "", "The work took longer"),
            (
                "States.TaskFailed",
                "User: arn… is not authorized to perform: s3:GetObject",
                "The role may not",
            ),
            (
                "Stepline.NotInLocalRun",
                "the local run cannot run the function `f`: the local run has no runtime `java21`: it runs functions in Python",
                "The local run has no such runtime.",
            ),
            (
                "Stepline.NotInLocalRun",
                "the local run has no `dynamodb:GetItem`",
                "AWS has this and the local run does not.",
            ),
            ("SageMaker.Something", "odd", "The log and the input"),
        ] {
            let failure = Failure {
                error: error.into(),
                cause: cause.into(),
                ..Failure::default()
            };
            assert!(failure.mend(Language::English).starts_with(mend), "{error}");
        }
    }
}

//! What the page says, in English and in Japanese. AWS's own names stay as they are.

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// The language's tag, such as `en`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// The language of a tag.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next()?.trim() {
            "en" => Some(Self::English),
            "ja" => Some(Self::Japanese),
            _ => None,
        }
    }

    /// The language that a browser likes best of those that are here:
    /// <https://www.rfc-editor.org/rfc/rfc9110#field.accept-language>.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        let weighed = header.split(',').filter_map(|part| {
            let mut fields = part.split(';');
            let language = Self::of_tag(fields.next()?.trim())?;
            let weight = fields.find_map(|field| field.trim().strip_prefix("q=")?.parse::<f32>().ok());
            Some((language, weight.unwrap_or(1.0)))
        });
        let mut best = (Self::English, 0.0);
        for (language, weight) in weighed {
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }
}

/// Makes the words, each with what it is in both languages.
macro_rules! words {
    ($($name:ident: $english:literal, $japanese:literal;)*) => {
        /// Something that the page says.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Word {
            $(#[doc = $english] $name,)*
        }

        impl Word {
            /// Every one of them.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// It, in a language.
            pub(crate) fn in_language(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::English) => $english,
                    (Self::$name, Language::Japanese) => $japanese,)*
                }
            }
        }
    };
}

words! {
    Runs: "Runs", "実行履歴";
    Executions: "Executions", "ステートマシンの実行";
    Jobs: "Jobs", "ジョブ";
    Models: "Models", "モデル";
    Permissions: "Permissions", "権限";
    Events: "Events", "イベント";
    Functions: "Functions", "関数";
    Images: "Images", "イメージ";
    Definitions: "Definitions", "定義";
    Search: "Search", "検索";
    SearchHint: "Search runs, executions, jobs (/)", "実行・ジョブを検索 (/)";
    Theme: "Switch between light and dark", "ライト／ダークを切り替える";
    SkipToContent: "Skip to the content", "本文へ移動";
    Views: "Views", "ビュー";
    Environment: "Environment", "環境";
    NoRuns: "No run yet. `cargo run` plays the pipeline, and its run appears here.", "まだ実行がありません。`cargo run` でパイプラインを実行すると、ここに表示されます。";
    NoExecutions: "No execution yet. A pipeline starts one, or you do with StartExecution.", "まだ実行がありません。パイプラインか StartExecution で開始すると表示されます。";
    NoJobs: "No job yet. A state machine that trains or processes makes one.", "まだジョブがありません。学習や処理を行うステートマシンが作成します。";
    NoModels: "No model yet. A training run that passes the gate registers one.", "まだモデルがありません。ゲートを通過した学習が登録します。";
    NothingSelected: "Select a state to see its input, output and log.", "ステートを選ぶと、入力・出力・ログを表示します。";
    Graph: "Graph", "グラフ";
    Timeline: "Timeline", "タイムライン";
    EventTable: "Events", "イベント";
    Definition: "Definition", "定義";
    Input: "Input", "入力";
    Output: "Output", "出力";
    Variables: "Variables", "変数";
    Parameters: "Parameters", "パラメータ";
    Attempts: "Attempts", "試行";
    Attempt: "Attempt", "試行";
    Error: "Error", "エラー";
    Cause: "Cause", "原因";
    Log: "Log", "ログ";
    Filter: "Filter lines", "行を絞り込む";
    WholeLog: "Whole log", "ログ全体";
    NoLog: "Nothing selected has a log.", "選択中の項目にログはありません。";
    NoLines: "No line yet.", "まだ行がありません。";
    NoLinesFound: "No line has this text in it.", "一致する行がありません。";
    Started: "Started", "開始";
    Ended: "Ended", "終了";
    Duration: "Duration", "所要時間";
    Status: "Status", "ステータス";
    Revision: "Revision", "リビジョン";
    Image: "Image", "イメージ";
    Approve: "Approve", "承認";
    Reject: "Reject", "却下";
    Comment: "Comment", "コメント";
    ToDecide: "To be decided", "承認待ちの内容";
    Retry: "Retry the stage", "ステージを再試行";
    Stop: "Stop", "停止";
    Start: "Start the pipeline", "パイプラインを開始";
    Redrive: "Redrive from the failed state", "失敗したステートから再実行";
    StartExecution: "Start an execution", "実行を開始";
    WhyItFailed: "Why it failed", "失敗の理由";
    Place: "Where", "場所";
    Mend: "What mends it", "対処";
    Name: "Name", "名前";
    Type: "Type", "タイプ";
    Time: "Time", "時刻";
    State: "State", "ステート";
    Details: "Details", "詳細";
    Iteration: "Iteration", "反復";
    Iterations: "Iterations", "反復";
    AllIterations: "All iterations", "すべての反復";
    Job: "Job", "ジョブ";
    HistoryEvents: "History events", "履歴イベント";
    Trigger: "Started by", "開始元";
    StateMachine: "State machine", "ステートマシン";
    Execution: "Execution", "実行";
    Stage: "Stage", "ステージ";
    Action: "Action", "アクション";
    OutputVariables: "Output variables", "出力変数";
    Configuration: "Configuration", "設定";
    Whole: "Whole text", "全文";
    Find: "Find in this", "この中を検索";
    Copy: "Copy", "コピー";
    Zoom: "Zoom", "ズーム";
    ZoomIn: "Zoom in", "拡大";
    ZoomOut: "Zoom out", "縮小";
    Fit: "Fit", "全体表示";
    LinesBefore: "earlier lines are in the whole log", "行前はログ全体にあります";
    Lost: "The server has stopped. What you see is what it said last; the page comes back by itself when the server does.", "サーバーが停止しました。最後に受け取った内容を表示しています。サーバーが戻れば自動で再接続します。";
    NotFound: "This is not here", "見つかりません";
    NotFoundHint: "It may be of another account, or was deleted by --fresh. The list on the left has what is here.", "別のアカウントのものか、--fresh で削除された可能性があります。左の一覧にあるものを選んでください。";
    Broken: "This cannot be shown", "表示できません";
    Back: "Back to the runs", "実行履歴へ戻る";
    ReadOnly: "This is the record of past runs. `cargo run -- up` brings the services back up.", "過去の実行の記録です。`cargo run -- up` でサービスを再開できます。";
    More: "More", "さらに表示";
    Of: "of", "／";
    Results: "Results", "検索結果";
    NoResults: "Nothing here has this text in its name.", "一致するものがありません。";
    Succeeded: "Succeeded", "成功";
    InProgress: "In progress", "進行中";
    Failed: "Failed", "失敗";
    Stopped: "Stopped", "停止済み";
    TimedOut: "Timed out", "タイムアウト";
    Caught: "Caught", "キャッチ済み";
    NotReached: "Not started", "未実行";
    WaitingForApproval: "Waiting for approval", "承認待ち";
    Superseded: "Superseded", "置き換え済み";
    Approved: "Approved", "承認済み";
    Rejected: "Rejected", "却下済み";
    PendingApproval: "Pending approval", "承認保留中";
    File: "File", "ファイル";
    Errors: "Errors", "エラー数";
    Warnings: "Warnings", "警告数";
    Warning: "Warning", "警告";
    Findings: "Findings", "検出事項";
    NoFindings: "No errors, no warnings", "エラーも警告もありません";
    DefinitionText: "Definition's text", "定義のテキスト";
    StateMachines: "State machines", "ステートマシン";
    NoDefinitions: "No definition yet. Write one as statemachine/NAME.asl.json, and it appears here.", "まだ定義がありません。statemachine/名前.asl.json として書くと、ここに表示されます。";
    WithoutFile: "State machines without a file", "ファイルのないステートマシン";
    WithoutFileHint: "No file has the same states. The file was changed since they were deployed, or they were made in another way.", "同じステートを持つファイルがありません。デプロイ後にファイルが変更されたか、別の方法で作成されています。";
    NotDeployed: "Not deployed", "未デプロイ";
    LastGoodGraph: "The text cannot be read as it is. The graph is of the last text that could be.", "現在のテキストは解析できません。グラフは、最後に解析できたときのものです。";
    NoGoodGraph: "The text cannot be drawn. Mend what is said above, and the graph appears.", "グラフを描けません。上の検出事項を直すと表示されます。";
    SelectToTry: "Select a state in the graph to try it alone.", "グラフでステートを選ぶと、単体で試せます。";
    TryState: "Try this state alone", "このステートを単体で試す";
    Try: "Try it", "試す";
    TryHint: "Nothing is called and nothing changes: a mock does the state's work.", "実際の呼び出しや変更は行いません。ステートの処理はモックが代わりに行います。";
    TakeFrom: "Input of", "入力の取得元";
    Take: "Take it", "取り込む";
    EmptyInput: "nothing recorded: {}", "記録なし：{}";
    ContextObject: "Context object", "コンテキストオブジェクト";
    Role: "Role", "ロール";
    NoRole: "None: the mock alone", "なし：モックのみ";
    AsMachine: "The state machine's role", "ステートマシンのロール";
    Mock: "Mock", "モック";
    MockNone: "None", "なし";
    MockResult: "Result", "結果";
    MockError: "Error", "エラー";
    RetryCount: "Retries before", "これまでの再試行回数";
    InspectionLevel: "Inspection level", "検査レベル";
    NextState: "Next state", "次のステート";
    WhatCameOut: "Result", "結果";
    NotTried: "Not tried yet. What comes out appears here.", "まだ試していません。結果はここに表示されます。";
    TrialGone: "This trial is no longer kept. Try the state again.", "この試行はもう保持されていません。もう一度試してください。";
    TrialOld: "The definition has changed since. Try the state again.", "この後に定義が変更されました。もう一度試してください。";
    RequestFailed: "The request failed", "リクエストが失敗しました";
    Inspection: "Inspection data", "検査データ";
    Retriable: "Would be retried", "再試行の対象";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_that_is_liked_best() {
        for (header, language) in [
            ("", Language::English),
            ("ja", Language::Japanese),
            ("ja-JP,ja;q=0.9,en;q=0.8", Language::Japanese),
            ("en-US,en;q=0.9,ja;q=0.8", Language::English),
            ("fr,ja;q=0.5,en;q=0.4", Language::Japanese),
            ("*", Language::English),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn every_word_is_said_in_both_languages() {
        for word in Word::ALL {
            let [english, japanese] = [Language::English, Language::Japanese].map(|it| word.in_language(it));
            assert!(english.is_ascii(), "{word:?}");
            assert!(!japanese.is_ascii(), "{word:?}");
        }
    }
}

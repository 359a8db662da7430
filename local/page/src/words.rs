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
    NoRuns: "No run yet. `{command} run` plays the pipeline, and its run appears here.", "まだ実行がありません。`{command} run` でパイプラインを実行すると、ここに表示されます。";
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
    StopAndWait: "Stop and wait", "停止して待機";
    StopAndAbandon: "Stop and abandon", "停止して中止";
    Stopping: "Stopping", "停止中";
    Start: "Start the pipeline", "パイプラインを開始";
    Redrive: "Redrive from the failed state", "失敗したステートから再実行";
    WhyItFailed: "Why it failed", "失敗の理由";
    Place: "Where", "場所";
    Mend: "What mends it", "対処";
    Name: "Name", "名前";
    Type: "Type", "タイプ";
    Time: "Time", "時刻";
    Details: "Details", "詳細";
    Iteration: "Iteration", "反復";
    AllIterations: "All iterations", "すべての反復";
    Job: "Job", "ジョブ";
    HistoryEvents: "History events", "履歴イベント";
    Trigger: "Started by", "開始元";
    StateMachine: "State machine", "ステートマシン";
    Execution: "Execution", "実行";
    Action: "Action", "アクション";
    OutputVariables: "Output variables", "出力変数";
    Configuration: "Configuration", "設定";
    Find: "Find in this", "この中を検索";
    Copy: "Copy", "コピー";
    Zoom: "Zoom", "ズーム";
    ZoomIn: "Zoom in", "拡大";
    ZoomOut: "Zoom out", "縮小";
    Fit: "Fit", "全体表示";
    LinesBefore: "Earlier lines are in the whole log.", "これより前の行はログ全体にあります。";
    TooLarge: "Objects of more than 32 MB are not shown here. The AWS CLI can fetch this one.", "32 MB を超えるオブジェクトはここでは表示できません。AWS CLI で取得してください。";
    Lost: "The server has stopped. What you see is what it said last; the page comes back by itself when the server does.", "サーバーが停止しました。最後に受け取った内容を表示しています。サーバーが戻れば自動で再接続します。";
    NotFound: "This is not here", "見つかりません";
    NotFoundHint: "It may be of another account, or was deleted by --fresh. The list on the left has what is here.", "別のアカウントのものか、--fresh で削除された可能性があります。左の一覧にあるものを選んでください。";
    Broken: "This cannot be shown", "表示できません";
    Back: "Back to the runs", "実行履歴へ戻る";
    ReadOnly: "This is the record of past runs. `{command} up` brings the services back up.", "過去の実行の記録です。`{command} up` でサービスを再開できます。";
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
    Skipped: "Skipped", "スキップ済み";
    Approved: "Approved", "承認済み";
    Rejected: "Rejected", "却下済み";
    PendingApproval: "Pending approval", "承認保留中";
    Actions: "actions", "個のアクション";
    RolesWithoutCalls: "Roles without a recorded call", "呼び出しの記録がないロール";
    Denied: "Denied", "拒否された呼び出し";
    NothingDenied: "No recorded call was denied.", "記録された実行で、拒否された呼び出しはありません。";
    AllowedSince: "The same call was allowed later.", "その後、同じ呼び出しは許可されました。";
    ByRole: "By role", "ロール別";
    ByService: "By AWS service", "AWS サービス別";
    RecordedSince: "Recorded since", "記録開始";
    NoDecisions: "No call was recorded yet. A run of the pipeline makes calls, and they appear here.", "まだ呼び出しの記録がありません。パイプラインを実行すると、ここに表示されます。";
    AdministratorHint: "Calls that you make yourself are not listed: you are the administrator and may do everything.", "あなた自身の呼び出しは表示しません。管理者にはすべてが許可されています。";
    FilterCalls: "Filter by role, action or resource", "ロール・アクション・リソースで絞り込む";
    FilterEvents: "Filter by any text in the event", "イベント内のテキストで絞り込む";
    FilterInvocations: "Filter by id, error, event or answer", "ID・エラー・イベント・応答で絞り込む";
    Apply: "Filter", "絞り込む";
    NothingFound: "Nothing has this text in it. Clear the filter to see all.", "一致するものがありません。絞り込みを解除すると、すべて表示します。";
    CalledBy: "Called by", "呼び出し元";
    OnResource: "Resource", "リソース";
    Resources: "resources", "個のリソース";
    OnBehalfOf: "On behalf of", "代行元";
    DecidedBy: "Decided by", "判定したポリシー";
    IdentityPolicy: "identity-based policy", "アイデンティティベースのポリシー";
    BoundaryPolicy: "permissions boundary", "アクセス許可の境界";
    SessionPolicy: "session policy", "セッションポリシー";
    ResourcePolicy: "resource-based policy", "リソースベースのポリシー";
    NoStatementAllows: "no statement in it allows the call", "呼び出しを許可するステートメントがありません";
    StatementDenies: "this statement denies the call", "このステートメントが呼び出しを拒否しています";
    MendIdentity: "Add this statement to a policy of the role. It is the least that allows the call.", "ロールのポリシーにこのステートメントを追加してください。呼び出しを許可する必要最小限です。";
    MendBoundary: "Add this statement to the permissions boundary of the role. It is the least that allows the call.", "ロールのアクセス許可の境界にこのステートメントを追加してください。呼び出しを許可する必要最小限です。";
    MendSession: "Add this statement to the policy of the session. It is the least that allows the call.", "セッションポリシーにこのステートメントを追加してください。呼び出しを許可する必要最小限です。";
    MendResource: "Add this statement to the policy of the resource. It is the least that allows the call.", "リソースのポリシーにこのステートメントを追加してください。呼び出しを許可する必要最小限です。";
    MendDenied: "Change this statement, or do not make the call: what a policy denies, no other policy can allow.", "このステートメントを変更するか、呼び出しをやめてください。明示的に拒否されたものは、ほかのポリシーでは許可できません。";
    AsJson: "As JSON", "JSON 形式";
    AsYaml: "As YAML for the SAM template", "SAM テンプレート用の YAML";
    Calls: "Calls", "呼び出し回数";
    FirstTime: "First", "初回";
    LastTime: "Last", "最終";
    AllowedBy: "Allowed by", "許可したステートメント";
    Statements: "Statements of its policies", "ポリシーのステートメント";
    NeverUsed: "May do, and never did", "許可されているが使われていないもの";
    NeverHint: "Never means: in no recorded run on this machine. What seldom happens, such as a clean-up after a failure, may need a permission all the same.", "「使われていない」は、このマシンの記録された実行での意味です。失敗後の後片付けなど、まれな処理に必要な場合があります。";
    AllUsed: "Each action that the policies allow was used.", "ポリシーが許可するすべてのアクションが使われています。";
    Never: "never used", "未使用";
    WholeStatement: "the whole statement", "ステートメント全体";
    ByResourcePolicy: "Allowed by policies of resources", "リソースのポリシーによる許可";
    ByGone: "Decided by a statement that has changed since", "その後変更されたステートメントによる判定";
    NoStatements: "Its policies have no statement.", "ポリシーにステートメントがありません。";
    RoleGone: "This role is not deployed now. Its calls were recorded earlier; `{command} up` deploys it again, and then its statements are here too.", "このロールは現在デプロイされていません。以前の呼び出しの記録です。`{command} up` で再びデプロイすると、ステートメントも表示されます。";
    Created: "Created", "作成";
    RecordedCalls: "Recorded calls", "記録された呼び出し";
    TrustedServices: "Trusts", "信頼するサービス";
    UsedBy: "Used by", "使用元";
    Role: "Role", "ロール";
    AllRoles: "All permissions", "すべての権限";
    NoEvents: "No event yet. Services send events as a run goes on, and they appear here.", "まだイベントがありません。実行が進むとサービスがイベントを送り、ここに表示されます。";
    Rules: "Rules", "ルール";
    Rule: "Rule", "ルール";
    AllEvents: "All events", "すべてのイベント";
    RulesMatched: "Rules that matched", "一致したルール";
    RulesUnmatched: "Rules that did not match", "一致しなかったルール";
    NoRuleMatched: "No rule matched, so the event went nowhere.", "一致したルールがないため、どこにも送られていません。";
    NoTargets: "It has no target.", "ターゲットがありません。";
    Delivered: "Delivered", "配信済み";
    NotDelivered: "Not delivered", "配信失敗";
    EventPattern: "Event pattern", "イベントパターン";
    Schedule: "Schedule", "スケジュール";
    Targets: "Targets", "ターゲット";
    Matched: "Matched", "一致したイベント";
    NearlyMatched: "Nearly matched", "一致しかけたイベント";
    NearHint: "Source and detail type are those that the rule wants, and something else does not fit.", "ソースと詳細タイプは一致し、それ以外の条件が合わなかったイベントです。";
    NoneMatched: "It matched no recorded event.", "一致したイベントの記録はありません。";
    NoneNear: "No recorded event nearly matched.", "一致しかけたイベントの記録はありません。";
    Disabled: "disabled", "無効";
    LinkToThis: "Link to this", "この項目へのリンク";
    NoFunctions: "No function yet. A deployment of the templates makes them.", "まだ関数がありません。テンプレートをデプロイすると作成されます。";
    Function: "Function", "関数";
    Runtime: "Runtime", "ランタイム";
    Memory: "Memory", "メモリ";
    Timeout: "Timeout", "タイムアウト設定";
    Handler: "Handler", "ハンドラー";
    Invocations: "Invocations", "呼び出し";
    MedianDuration: "Median duration", "所要時間の中央値";
    EnvironmentVariables: "Environment variables", "環境変数";
    RuleGone: "This rule is not deployed now. Its events were recorded earlier; `{command} up` deploys it again, and then its pattern and targets are here too.", "このルールは現在デプロイされていません。以前のイベントの記録です。`{command} up` で再びデプロイすると、パターンとターゲットも表示されます。";
    FunctionsGone: "No function is deployed now. What you see was recorded earlier; `{command} up` deploys them again.", "現在デプロイされている関数はありません。以前の記録を表示しています。`{command} up` で再びデプロイできます。";
    NoInvocations: "No invocation was recorded yet. A run of the pipeline invokes functions, and they appear here.", "まだ呼び出しの記録がありません。パイプラインを実行すると、ここに表示されます。";
    BilledDuration: "Billed duration", "請求対象時間";
    InitDuration: "Init duration", "初期化時間";
    MemoryUsed: "Max memory used", "最大使用メモリ";
    RequestId: "Request ID", "リクエスト ID";
    EventGiven: "Event", "イベント";
    Answer: "Answer", "応答";
    InvocationLog: "Lines of this invocation", "この呼び出しのログ";
    NoInvocationLog: "It printed nothing.", "出力はありません。";
    FunctionGone: "This function is not deployed now. Its invocations were recorded earlier.", "この関数は現在のアカウントにありません。以前の呼び出しの記録です。";
    AllPermissionsOf: "Permissions of the role", "ロールの権限";
    MadeBy: "Made by", "作成元";
    Instance: "Instance", "インスタンス";
    Metrics: "Metrics", "メトリクス";
    Training: "Training", "トレーニング";
    Processing: "Processing", "処理";
    Run: "Run", "パイプライン実行";
    JobMend: "The log below ends where the program stopped. Mend the program or its input, and merge again.", "プログラムが止まった箇所は下のログの末尾です。プログラムか入力を直して、もう一度マージしてください。";
    Stages: "Secondary status transitions", "セカンダリステータスの推移";
    Limit: "Longest runtime", "最大実行時間";
    Billable: "Billable time", "請求対象時間";
    Cost: "Cost", "コスト";
    PricesOf: "at the price of", "単価の出典";
    Hyperparameters: "Hyperparameters", "ハイパーパラメータ";
    Arguments: "Arguments", "引数";
    WholeAnswer: "All that SageMaker says", "SageMaker の応答全体";
    Measurement: "Measurement", "測定回数";
    Inputs: "Inputs", "入力";
    Outputs: "Outputs", "出力";
    NoObjects: "No object is here. A job that has not ended has written none yet.", "オブジェクトがありません。終了前のジョブはまだ出力していません。";
    MoreObjects: "There are more objects than these.", "ほかにもオブジェクトがあります。";
    OpenObject: "Open the object", "オブジェクトを開く";
    OnlyBeginning: "This is only how it begins.", "先頭部分だけを表示しています。";
    NoPreview: "It is neither text nor an image, so there is no preview.", "テキストでも画像でもないため、プレビューはありません。";
    Version: "Version", "バージョン";
    Approval: "Approval", "承認";
    InService: "In service", "提供中";
    NotInService: "Not in service", "提供していません";
    NoTasks: "no task runs", "実行中のタスクなし";
    CurrentModel: "current model", "現在のモデル";
    BeforeIt: "approved before it", "直前の承認済み";
    Difference: "Difference", "差";
    NothingBeside: "There is no other approved version to compare it with.", "比較できる承認済みバージョンがほかにありません。";
    NoMetrics: "Nothing was measured when it was registered.", "登録時の測定値がありません。";
    Gate: "Quality gate", "品質ゲート";
    NoGate: "Nobody noted what the gate compared.", "ゲートの比較内容は記録されていません。";
    Tolerance: "tolerance", "許容差";
    Threshold: "threshold", "しきい値";
    FirstModel: "the first model", "最初のモデル";
    Decider: "Decided by", "判断した人";
    NotDecided: "Nobody has decided on it yet. The run that made it asks for the approval.", "まだ判断されていません。作成元のパイプライン実行で承認できます。";
    Lineage: "Lineage", "リネージ";
    NotNoted: "Not noted", "記録なし";
    NotDeployed: "Not deployed", "未デプロイ";
    Data: "Data", "データ";
    TrainingJob: "Training job", "トレーニングジョブ";
    ModelPackage: "Model package", "モデルパッケージ";
    Deployment: "Deployment", "デプロイ";
    Service: "Service", "サービス";
    ReplacedBy: "Replaced by", "置き換え先";
    Compare: "Compare", "比較";
    TryIt: "Try it", "試す";
    NoServiceHere: "This is the record of past runs: no service runs here. `{command} up` brings it back up, and then it can be tried.", "過去の実行の記録のため、サービスは動いていません。`{command} up` で再開すると試せます。";
    NothingServed: "No service has a model of the registry yet. An approved model is deployed by the pipeline.", "モデルを提供しているサービスがまだありません。承認されたモデルはパイプラインがデプロイします。";
    NotOnThisMachine: "The service does not answer on this machine, and the page asks no other.", "サービスはこのマシンで応答していません。ほかのマシンには送信しません。";
    RequestBody: "Request", "リクエスト";
    ContentType: "Content type", "コンテンツタイプ";
    Send: "Send", "送信";
    NoRepositories: "No repository yet. The build's template makes one.", "まだリポジトリがありません。ビルドのテンプレートが作成します。";
    NoImages: "No image yet. A build pushes one.", "まだイメージがありません。ビルドがプッシュします。";
    Digest: "Digest", "ダイジェスト";
    Tags: "Tags", "タグ";
    Size: "Size", "サイズ";
    Pushed: "Pushed", "プッシュ";
    Scan: "Scan", "スキャン";
    Untagged: "untagged", "タグなし";
    NotScanned: "not scanned", "未スキャン";
    NothingFoundByScan: "no findings", "検出結果なし";
    Nothing: "nothing", "なし";
    Model: "Model", "モデル";
    TaskDefinition: "Task definition", "タスク定義";
    File: "File", "ファイル";
    Errors: "Errors", "エラー数";
    Warnings: "Warnings", "警告数";
    Warning: "Warning", "警告";
    Findings: "Findings", "検出事項";
    NoFindings: "No errors, no warnings", "エラーも警告もありません";
    DefinitionText: "Definition's text", "定義のテキスト";
    StateMachines: "State machines", "ステートマシン";
    NoDefinitions: "No definition yet. Write one as NAME.asl.json, or name it in a template, and it appears here.", "まだ定義がありません。名前.asl.json として書くか、テンプレートで指定すると、ここに表示されます。";
    WithoutFile: "State machines without a file", "ファイルのないステートマシン";
    WithoutFileHint: "No file has the same states. The file was changed since they were deployed, or they were made in another way.", "同じステートを持つファイルがありません。デプロイ後にファイルが変更されたか、別の方法で作成されています。";
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

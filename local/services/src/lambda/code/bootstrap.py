"""The Python runtime of the local run: asks Lambda's Runtime API for events, and gives them to the handler.

What it says and does is that of AWS's own client, https://github.com/aws/aws-lambda-python-runtime-interface-client.
"""

import builtins
import datetime
import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
ROOT = "/2018-06-01/runtime"
IS_JSON = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
LEVEL = {"TRACE": "DEBUG"}.get(os.environ.get("AWS_LAMBDA_LOG_LEVEL"), os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")).upper()

request_id = ""


class Fault(Exception):
    """An error of the runtime's own, with the name that Lambda gives it."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, trace


class Identity:
    """Who calls from a mobile app: here nobody does."""

    cognito_identity_id = None
    cognito_identity_pool_id = None


class LambdaContext:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
        self.tenant_id = None
        self.client_context = None
        self.identity = Identity()
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


def call(method, path, body=None, headers=None):
    """One request to the Runtime API: the body and the headers of its answer."""
    connection = http.client.HTTPConnection(API)
    try:
        connection.request(method, ROOT + path, body, headers or {})
        answer = connection.getresponse()
        return answer.read(), answer.headers
    finally:
        connection.close()


def plain(value):
    """What JSON can say of a value. Named tuples are objects and decimals are numbers, as on Lambda."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, decimal.Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    return value


def marshalled(response):
    if isinstance(response, bytes):
        return response
    try:
        return json.dumps(plain(response)).encode()
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def handler_of(name):
    """The function that `_HANDLER` names."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        message = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", message)
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise Fault("Runtime.BuiltInModuleConflict", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        message = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, trace) from error
    try:
        return getattr(module, function_name)
    except AttributeError as error:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message) from error


def told(error):
    """An error as Lambda's callers get it. The runtime's own frames are left out."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace or []
    else:
        frames = traceback.extract_tb(error.__traceback__)
        first = next((at for at, frame in enumerate(frames) if frame.filename != __file__), 0)
        kind, message, trace = type(error).__name__, str(error), traceback.format_list(frames[first:])
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(error):
    if IS_JSON:
        when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        sys.stdout.write(json.dumps({"timestamp": when, "level": "ERROR", **error}) + "\n")
        return
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
    lines += [line for frame in error["stackTrace"] for line in frame.splitlines()]
    sys.stdout.write("\n".join(lines) + "\n")


class JsonFormatter(logging.Formatter):
    """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html#python-logging-advanced"""

    OWN = set(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message", "asctime", "aws_request_id"}

    def format(self, record):
        exception = record.exc_info
        said = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(exception[2]) if exception else None,
            "errorType": exception[0].__name__ if exception else None,
            "errorMessage": str(exception[1]) if exception else None,
            "requestId": record.aws_request_id,
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if exception else None,
        }
        said.update((key, value) for key, value in record.__dict__.items() if key not in self.OWN and key not in said)
        return json.dumps({key: value for key, value in said.items() if value is not None}, default=str)


class Handler(logging.Handler):
    """Writes to the function's log whatever `logging` is given."""

    def emit(self, record):
        record.aws_request_id = request_id
        sys.stdout.write(self.format(record) + "\n")


def set_up_logging():
    logging.Formatter.converter = time.gmtime
    text = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    handler = Handler()
    handler.setFormatter(JsonFormatter() if IS_JSON else logging.Formatter(text, "%Y-%m-%dT%H:%M:%S"))
    logger = logging.getLogger()
    if LEVEL in logging._nameToLevel:
        logger.setLevel(LEVEL)
    logger.addHandler(handler)


def handle(handler):
    """One event, from the Runtime API's `next` to its answer."""
    global request_id
    body, headers = call("GET", "/invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id") or ""
    try:
        try:
            event = json.loads(body)
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error
        answer = marshalled(handler(event, LambdaContext(headers)))
    except Exception as error:
        said = told(error)
        log_error(said)
        call("POST", f"/invocation/{request_id}/error", json.dumps(said).encode())
    else:
        call("POST", f"/invocation/{request_id}/response", answer)


def main():
    # What is printed is told at once, also where the process is ended.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)
    # Its place is that of the code; the folder of this file is not the function's.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    if not hasattr(builtins, "exit"):
        # Without `site`, which knows the machine's packages, these are not there.
        builtins.exit = builtins.quit = sys.exit
    set_up_logging()
    try:
        handler = handler_of(os.environ["_HANDLER"])
    except Exception as error:
        said = told(error)
        log_error(said)
        call("POST", "/init/error", json.dumps(said).encode())
        sys.exit(1)
    while True:
        handle(handler)


if __name__ == "__main__":
    main()

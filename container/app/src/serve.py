"""The service: answers with the model's predictions over HTTP.

``GET /ping`` says that it is healthy, ``POST /invocations`` predicts, for JSON and CSV, and ``GET /version`` says what it
is: the paths are those that SageMaker asks for, so that the same image is a service on ECS and a SageMaker endpoint.
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html

The model is the one of ``MODEL_PACKAGE_ARN`` in SageMaker's registry, which must be approved. Without that variable it is
what lies in ``/opt/ml/model``. SIGTERM ends the service: requests that have begun are answered first.
"""

import csv
import io
import json
import os
import tempfile
from pathlib import Path

import customers
import model
import uvicorn
from contract import ml
from logger import get_logger
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

log = get_logger("serve")

# SageMaker's own limit is 25 MB.
MOST_BYTES = 6 * 1024 * 1024


def fetch(arn: str) -> tuple[Path, dict]:
    """The model of a package of SageMaker's registry: the folder it was brought to, and what the registry says of it."""
    import boto3

    package = boto3.client("sagemaker").describe_model_package(ModelPackageName=arn)
    status = package.get("ModelApprovalStatus")
    if status != "Approved":
        raise PermissionError(f"the model package {arn} is {status}, and only an approved one is served")
    url = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    bucket, _, key = url.removeprefix("s3://").partition("/")
    folder = Path(tempfile.mkdtemp(prefix="model-"))
    boto3.client("s3").download_file(bucket, key, str(folder / "model.tar.gz"))
    return folder, package


def version(package: dict | None, about: dict) -> dict:
    """What is served: the model's package and metrics, and the commit and image that it was made with."""
    known = (package or {}).get("CustomerMetadataProperties", {})
    return {
        "modelPackageArn": (package or {}).get("ModelPackageArn"),
        "commit": known.get("commit") or os.environ.get("COMMIT"),
        "image": known.get("image") or os.environ.get("IMAGE_URI"),
        "metrics": {name.removeprefix("metric."): float(v) for name, v in known.items() if name.startswith("metric.")},
        "lineage": {name: v for name, v in sorted(known.items()) if not name.startswith("metric.")},
        "model": about,
    }


def rows_of(content_type: str, body: bytes) -> list[dict]:
    """The rows of a request: a JSON object, a JSON array of them, or CSV with a first line of names."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "text/csv":
        return list(csv.DictReader(io.StringIO(body.decode("utf-8"))))
    if kind in ("application/json", ""):
        found = json.loads(body)
        rows = found if isinstance(found, list) else [found]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("a row must be an object with the columns " + ", ".join(customers.COLUMNS))
        return rows
    raise TypeError(f"`{kind}` is no content type of this service: send application/json or text/csv")


def application(served: model.Model, about: dict) -> Starlette:
    """The service of one model."""

    def refuse(status: int, problem: object) -> Response:
        return JSONResponse({"error": str(problem)}, status)

    async def ping(_: Request) -> Response:
        return PlainTextResponse("")

    async def invocations(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                return refuse(413, f"a request has {MOST_BYTES} bytes at most")
        try:
            rows = rows_of(request.headers.get("content-type", ""), body)
            if not rows:
                return refuse(400, "there is no row to predict for")
            known = []
            for at, row in enumerate(rows, 1):
                try:
                    known.append(customers.features(row))
                except ValueError as problem:
                    return refuse(400, f"row {at}: {problem}")
        except TypeError as problem:
            return refuse(415, problem)
        except ValueError as problem:
            return refuse(400, problem)
        # In a thread of its own: /ping is answered meanwhile.
        found = await run_in_threadpool(served.predictor.predict_proba, known)
        chances = [round(float(chance), 4) for chance in found[:, 1]]
        if "text/csv" in request.headers.get("accept", ""):
            return PlainTextResponse("".join(f"{chance}\n" for chance in chances), media_type="text/csv")
        answers = [{customers.LABEL: int(chance >= 0.5), "chance": chance} for chance in chances]
        return JSONResponse({"predictions": answers})

    async def tell(_: Request) -> Response:
        return JSONResponse(about)

    return Starlette(
        routes=[
            Route("/ping", ping),
            Route("/invocations", invocations, methods=["POST"]),
            Route("/version", tell),
        ]
    )


def main() -> None:
    """Loads the model, and answers until SIGTERM comes."""
    arn = os.environ.get("MODEL_PACKAGE_ARN")
    folder, package = fetch(arn) if arn else (ml("model"), None)
    served = model.load(folder)
    port = int(os.environ.get("PORT", "8080"))
    log.info("serving %s on port %d", arn or folder, port)
    uvicorn.run(
        application(served, version(package, served.about)),
        host=os.environ.get("HOST", "0.0.0.0"),
        port=port,
        log_level="warning",
        timeout_graceful_shutdown=20,
    )


if __name__ == "__main__":
    main()

"""CloudWatch's metrics; alarms and dashboards are moto's."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from local_aws.http.own_calls import AwsError, Operation, Request
from local_aws.services.metric_store import (
    MetricKey,
    MetricStore,
    StatisticSet,
    StatisticUnknownError,
)
from local_aws.services.pages import decode_token, encode_token, page_of
from local_aws.services.places import Places

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
_MAX_STATISTICS = 1_440
_LIST_PAGE = 500
_SHORT_PERIODS = (1, 5, 10, 20, 30)
_STATUSES = ("InternalError", "Forbidden", "PartialData")


class CloudWatch:
    """The calls about metrics."""

    def __init__(self, stores: Places[MetricStore]) -> None:
        self._stores = stores

    def operations(self) -> dict[str, Operation]:
        """Return the calls by name."""
        return {
            "GetMetricData": self._get_data,
            "GetMetricStatistics": self._get_statistics,
            "ListMetrics": self._list,
            "PutMetricData": self._put,
        }

    def _get_data(self, request: Request) -> dict[str, Any]:
        queries = request["MetricDataQueries"]
        if len(queries) > MAX_QUERIES:
            raise _invalid(
                f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}."
            )
        if len({query["Id"] for query in queries}) < len(queries):
            raise _invalid("The values for parameter id in MetricDataQueries are not unique.")
        _check_times(request)
        first, skip = _position(request.get("NextToken"))
        left = request.get("MaxDatapoints", MAX_DATAPOINTS)
        results: list[dict[str, Any]] = []
        for index, query in enumerate(queries[first:], start=first):
            if not query.get("ReturnData", True):
                continue
            found, status, messages = self._evaluate(query, request)
            points = found[skip : skip + left]
            cut = skip + len(points) < len(found)
            results.append(_result(query, points, "PartialData" if cut else status, messages))
            left -= len(points)
            if cut:
                return _page(results, f"{index}:{skip + len(points)}")
            skip = 0
        return _page(results, None)

    def _evaluate(
        self, query: Mapping[str, Any], request: Request
    ) -> tuple[list[tuple[datetime, float]], str, list[dict[str, str]]]:
        if "MetricStat" not in query:
            raise AwsError(
                "NotImplementedByLocalAws",
                f"The embedded AWS evaluates no expressions ({query['Id']}): ask for the metrics.",
                501,
            )
        wanted = query["MetricStat"]
        key = _key(wanted["Metric"])
        _check_period(wanted["Period"])
        store = self._stores.of(request)
        if code := store.error(key):
            status = code if code in _STATUSES else _status_of(code)
            text = f"{code}: the metric {key.name} cannot be read"
            return [], status, [{"Code": code, "Value": text}]
        try:
            found = store.read(
                key,
                wanted["Stat"],
                request["StartTime"],
                request["EndTime"],
                wanted["Period"],
                request.now,
            )
        except StatisticUnknownError as error:
            # One metric of five hundred: the others are answered.
            told = {"Code": "NotImplementedByLocalAws", "Value": str(error)}
            return [], "InternalError", [told]
        if request.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            found.reverse()
        return found, "Complete", []

    def _get_statistics(self, request: Request) -> dict[str, Any]:
        _check_times(request)
        _check_period(request["Period"])
        span: timedelta = request["EndTime"] - request["StartTime"]
        if span / timedelta(seconds=request["Period"]) > _MAX_STATISTICS:
            raise AwsError(
                "InvalidParameterCombination",
                f"You have requested more than {_MAX_STATISTICS:,} datapoints. You may reduce the "
                "datapoints requested by increasing Period, or decreasing the time range.",
            )
        store, key = self._stores.of(request), _key(request.parameters)
        if code := store.error(key):
            raise AwsError(code, f"the metric {key.name} cannot be read", _http_status(code))
        try:
            rows = _rows(store, key, request)
        except StatisticUnknownError as error:
            raise AwsError("NotImplementedByLocalAws", str(error), 501) from error
        return {"Label": key.name, "Datapoints": list(rows.values())}

    def _list(self, request: Request) -> dict[str, Any]:
        store = self._stores.of(request)
        since = request.now.timestamp() - 3 * 3600 if request.get("RecentlyActive") else None
        rows = [
            {
                "Namespace": key.namespace,
                "MetricName": key.name,
                "Dimensions": [
                    {"Name": name, "Value": value} for name, value in sorted(key.dimensions)
                ],
            }
            for key, series in list(store.series.items())
            if _listed(key, request) and (since is None or series.latest() >= since)
        ]
        rows.sort(key=lambda row: (row["Namespace"], row["MetricName"], str(row["Dimensions"])))
        page, token = page_of(rows, request.get("NextToken"), _LIST_PAGE, "InvalidParameterValue")
        return {"Metrics": page} | ({"NextToken": token} if token else {})

    def _put(self, request: Request) -> None:
        namespace = request["Namespace"]
        if namespace.startswith("AWS/"):
            raise AwsError(
                "InvalidParameterValue",
                f"The value {namespace} for parameter Namespace is invalid.",
            )
        store = self._stores.of(request)
        for datum in request.get("MetricData", ()):
            key = _key({**datum, "Namespace": namespace})
            store.put(key, datum.get("Timestamp") or request.now, _samples(datum))


def _rows(store: MetricStore, key: MetricKey, request: Request) -> dict[datetime, dict[str, Any]]:
    rows: dict[datetime, dict[str, Any]] = {}
    plain, extended = request.get("Statistics", ()), request.get("ExtendedStatistics", ())
    for stat in (*plain, *extended):
        for moment, value in store.read(
            key, stat, request["StartTime"], request["EndTime"], request["Period"], request.now
        ):
            row = rows.setdefault(moment, {"Timestamp": moment, "Unit": "None"})
            if stat in extended:
                row.setdefault("ExtendedStatistics", {})[stat] = value
            else:
                row[stat] = value
    return rows


def _key(metric: Mapping[str, Any]) -> MetricKey:
    pairs: Iterable[Mapping[str, str]] = metric.get("Dimensions") or ()
    dimensions = frozenset((pair["Name"], pair["Value"]) for pair in pairs)
    return MetricKey(metric["Namespace"], metric["MetricName"], dimensions)


def _samples(datum: Mapping[str, Any]) -> StatisticSet:
    samples = StatisticSet()
    if given := datum.get("StatisticValues"):
        samples.add(
            total=given["Sum"],
            count=given["SampleCount"],
            low=given["Minimum"],
            high=given["Maximum"],
        )
        return samples
    values = datum.get("Values") or [datum["Value"]]
    counts = datum.get("Counts") or [1.0] * len(values)
    for value, count in zip(values, counts, strict=True):
        samples.add(total=value * count, count=count, low=value, high=value)
        samples.values.append((value, count))
    return samples


def _listed(key: MetricKey, request: Request) -> bool:
    if request.get("Namespace", key.namespace) != key.namespace:
        return False
    if request.get("MetricName", key.name) != key.name:
        return False
    held = dict(key.dimensions)
    return all(
        each["Name"] in held and each.get("Value") in (None, held[each["Name"]])
        for each in request.get("Dimensions", ())
    )


def _result(
    query: Mapping[str, Any],
    points: list[tuple[datetime, float]],
    status: str,
    messages: list[dict[str, str]],
) -> dict[str, Any]:
    result = {
        "Id": query["Id"],
        "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
        "Timestamps": [moment for moment, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": status,
    }
    return result | ({"Messages": messages} if messages else {})


def _page(results: list[dict[str, Any]], position: str | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    return answer | ({"NextToken": encode_token(position)} if position else {})


def _position(token: str | None) -> tuple[int, int]:
    if token is None:
        return 0, 0
    index, _, skip = decode_token(token, "InvalidNextToken").partition(":")
    if not (index.isdecimal() and skip.isdecimal()):
        raise AwsError("InvalidNextToken", "The next token specified is invalid.")
    return int(index), int(skip)


def _check_times(request: Request) -> None:
    if request["EndTime"] <= request["StartTime"]:
        raise _invalid("The parameter EndTime must be greater than StartTime.")


def _check_period(period: int) -> None:
    if period not in _SHORT_PERIODS and (period < 60 or period % 60):
        raise _invalid(f"Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {period}.")


def _status_of(code: str) -> str:
    return "Forbidden" if code.startswith(("AccessDenied", "Unauthorized")) else "InternalError"


def _http_status(code: str) -> int:
    return 500 if code.startswith(("Internal", "Service")) else 400


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)

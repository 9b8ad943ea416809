"""The flags that guild's writer wrote, as the code behind TensorBoard's table of hyperparameters reads them."""
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups, metadata

from report import check, same
from written import as_float

names = [metadata.EXPERIMENT_TAG, metadata.SESSION_END_INFO_TAG, metadata.SESSION_START_INFO_TAG]


def flag_of(value):
    """A google.protobuf.Value as write_events describes it."""
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return {"number": value.number_value.hex()}
    if kind == "null_value" or kind is None:
        return None
    return getattr(value, kind)


def described(flags):
    """Flags as a list to compare: numbers by value, so that the spelling of a hexadecimal number does not count."""
    return sorted((name, float.fromhex(value["number"]) if isinstance(value, dict) else value)
                  for name, value in flags.items())


data_types = {type(None): api_pb2.DATA_TYPE_UNSET, bool: api_pb2.DATA_TYPE_BOOL, str: api_pb2.DATA_TYPE_STRING,
              float: api_pb2.DATA_TYPE_FLOAT64}


def check_run(source, written, run, contents):
    """One run: experiment, start and end."""
    line = written.of(run, "hparams")[0]
    same(f"{source.name}: {run}: the three tags of hparams", names, sorted(contents), 3)
    if sorted(contents) != names:
        return
    flags = described(line["flags"])
    began = metadata.parse_session_start_info_plugin_data(contents[metadata.SESSION_START_INFO_TAG])
    found = described({name: flag_of(value) for name, value in began.hparams.items()})
    same(f"{source.name}: {run}: flags", flags, found, 10)
    same(f"{source.name}: {run}: group and start", [line["group"], float.fromhex(line["start"])],
         [began.group_name, began.start_time_secs], 2)
    experiment = metadata.parse_experiment_plugin_data(contents[metadata.EXPERIMENT_TAG])
    same(f"{source.name}: {run}: the experiment names the flags and their types",
         sorted((name, data_types[type(value)]) for name, value in flags),
         sorted((info.name, info.type) for info in experiment.hparam_infos), 10)
    same(f"{source.name}: {run}: the experiment names the metrics", line["metrics"],
         [info.name.tag for info in experiment.metric_infos], 2)
    ended = metadata.parse_session_end_info_plugin_data(contents[metadata.SESSION_END_INFO_TAG])
    check(f"{source.name}: {run}: ended well, after it began",
          ended.status == api_pb2.STATUS_SUCCESS and ended.end_time_secs > began.start_time_secs, str(ended))


def check_table(source, written, handler):
    """The rows that the dashboard shows: groups, sessions, flags, last values of the metrics."""
    groups = {group.name: group for group in handler.run().session_groups}
    a, mixed = written.of("hparams/a", "hparams")[0], written.of("mixed", "hparams")[0]
    same(f"{source.name}: table of hparams: groups", sorted([a["group"], mixed["group"]]), sorted(groups), 2)
    group = groups.get(a["group"])
    if group is None:
        return
    same(f"{source.name}: table of hparams: sessions of a group",
         [("hparams/a", api_pb2.STATUS_SUCCESS), ("hparams/b", api_pb2.STATUS_SUCCESS)],
         [(session.name, session.status) for session in group.sessions], 2)
    same(f"{source.name}: table of hparams: flags of a group", described(a["flags"]),
         described({name: flag_of(value) for name, value in group.hparams.items()}), 10)
    expected = [(run, tag, points[-1][0], points[-1][2]) for run in ("hparams/a", "hparams/b")
                for tag, points in written.series(run, "scalar", stored=as_float).items()]
    found = [(session.name, value.name.tag, value.training_step, value.value)
             for session in group.sessions for value in session.metric_values]
    same(f"{source.name}: table of hparams: last values of the metrics", expected, found, 4)


def table(source):
    """The request that the dashboard makes for its rows."""
    context = backend_context.Context(base_plugin.TBContext(data_provider=source.provider))
    request = api_pb2.ListSessionGroupsRequest(
        allowed_statuses=[api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE,
                          api_pb2.STATUS_RUNNING], slice_size=100)
    return list_session_groups.Handler(source.context, context, "", request)


def run(source, written):
    """Every check of this file."""
    context = backend_context.Context(base_plugin.TBContext(data_provider=source.provider))
    found = context.hparams_metadata(source.context, "")
    runs = ["hparams/a", "hparams/b", "mixed"]
    same(f"{source.name}: the runs with hparams", runs, sorted(found), 3)
    for name in runs:
        check_run(source, written, name, found.get(name, {}))
    check_table(source, written, table(source))

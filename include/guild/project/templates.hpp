// guild/project/templates.hpp - the sections every project starts from: field and series templates,
// the view, and `guild init`'s file.
//
// Layer 3. Includes: ini.
// Not here: how @attrs uses them (ini/expand.hpp), who loads them (project/load.hpp).
#pragma once

#include <string_view>
#include <vector>

#include <guild/ini/expand.hpp>
#include <guild/ini/parser.hpp>

namespace guild { inline namespace v0 { namespace project {

/// The built-in sections, in the language of project files.
///
/// source   the 2017 tool's include, and the two fields that its tutorial uses without having them
inline constexpr std::string_view builtin_text = R"guild([train-view]
  content = fields series output
  sidebar = flags attrs

[component "fields"]
  element = guild-fields

[component "series"]
  element = guild-series
  extra_series_templates = op-cpu-percent-series op-memory-series \
gpu-percent-series gpu-memory-series

[component "output"]
  element = guild-output

[component "flags"]
  element = guild-flags

[component "attrs"]
  element = guild-attrs

[component "artifacts"]
  element = guild-artifacts

[template "accuracy-field"]
  color  = green-700
  icon   = accuracy
  label  = Accuracy
  reduce = last
  format = 0.00%

[template "loss-field"]
  color  = red-700
  icon   = loss
  label  = Loss
  reduce = last
  format = 0.0000

[template "steps-field"]
  color  = blue-700
  icon   = steps
  label  = Steps
  reduce = steps
  format = 0,0

[template "time-field"]
  color  = yellow-700
  icon   = time
  label  = Time
  reduce = duration
  format = 00:00:00

[template "validation-accuracy-field"]
  @attrs template "accuracy-field"
  label  = Validation Accuracy

[template "train-accuracy-field"]
  @attrs template "accuracy-field"
  color  = teal-300
  label  = Train Accuracy

[template "loss-series"]
  title  = Loss
  label  =
  format = 0.000

[template "accuracy-series"]
  title  = Accuracy
  label  =
  format = 0.00%

[template "percent-util-series"]
  title  = Percent Util
  label  =
  format = %

[template "memory-series"]
  title  = Memory
  label  =
  format = 0.0 b

[template "op-cpu-percent-series"]
  source = series/op/cpu/util
  title  = Process CPU %
  label  =
  format = %

[template "op-memory-series"]
  source = series/op/mem/rss
  title  = Process Memory
  label  =
  format = 0.0 b

[template "gpu-percent-series"]
  source = series/sys/gpu.*/gpu/util
  title  = GPU %
  label  =
  format = %

[template "gpu-memory-series"]
  source = series/sys/gpu.*/mem/used
  title  = GPU Memory
  label  =
  format = 0.0 b
)guild";

/// The path that origins of built-in values show.
inline constexpr std::string_view builtin_path = "<built-in>";

/// The built-in sections as values.
///
/// cost     parses builtin_text: some microseconds
/// example  tests/project/templates.cpp "built-in templates: hold the values of the 2017 include"
[[nodiscard]] std::vector<ini::section> builtin_sections();

/// The file that `guild init` writes: every section a project can have, with explanations.
///
/// example  tests/project/templates.cpp "init template: is a project file without a mistake"
inline constexpr std::string_view init_template = R"guild(#-*-conf-*-

# This is a Guild project file. It says how the models of this directory are
# prepared and trained, and what Guild View shows of their runs.
#
# A line that starts with `#` or `;` is a comment; there are none at the end of
# a line. A value goes on in the next line after a final `\`.

###################################################################
# Project
###################################################################

[project]

  # Shown as the title of Guild View. Default: the name of this directory.
  #
  # name =

  # description =

  # Where runs are kept, relative to this directory.
  #
  runroot = runs

###################################################################
# Models
###################################################################

[model]

  # `guild list-models` shows the description.
  #
  description =

  # The command that trains this model: the name of a program or of a Python
  # script (with or without .py) in this directory, or of a program on PATH,
  # and arguments if it needs any. Flags (below) are added to it, each as two
  # arguments: --NAME VALUE.
  #
  train =

  # The command that prepares data, run by `guild prepare`.
  #
  prepare =

  # Files or directories, separated by commas, without which training does not
  # start.
  #
  train_requires =

  # The command that evaluates a trained model, run by `guild evaluate` with the
  # directory of the run as $RUNDIR, and a command that serves it.
  #
  evaluate =
  serve =

# A project may have more models; each then has a name. `guild train mnist`
# trains this one. Without a name Guild takes the unnamed [model], or else the
# first one in this file.
#
# [model "mnist"]
#
#   description = Handwritten digits
#   train = mnist

###################################################################
# Flags
###################################################################

# Flags are the arguments of the commands above. They are kept with each run.
#
# There are four layers; a later one wins:
#
#   [flags]              for every model
#   [flags "MODEL"]      for the model of that name
#   [flags "PROFILE"]    for guild train --profile PROFILE
#   -F NAME=VALUE        for one run
#
# `guild train --preview` shows what would be run, without running it.
#
# A value may use these variables:
#
#   $RUNDIR       the directory of the run
#   $PKGHOME      where packages are installed
#   $GPU_COUNT    how many GPUs this machine has

[flags]

  # Documentation only; never passed to a command.
  #
  description =

  data_dir = data
  train_dir = $RUNDIR/train
  batch_size = 128
  max_steps = 1000

# Used by: guild train --profile quick
#
[flags "quick"]

  max_steps = 100

# Used by: guild train --profile long
#
[flags "long"]

  max_steps = 10000

###################################################################
# View
###################################################################

# Each field is a card with one number in Guild View, each series section a
# chart. `guild list-series -L` lists what the latest run has logged. A source
# is a regular expression that matches whole series keys.
#
# [field "loss"]
#
#   @attrs template "loss-field"
#   source = series/tf/train/loss
#
# [series "loss"]
#
#   @attrs template "loss-series"
#   source = series/tf/.+/loss
#
# Templates for fields: accuracy-field, validation-accuracy-field,
# train-accuracy-field, loss-field, steps-field, time-field. For series:
# accuracy-series, loss-series, percent-util-series, memory-series.
# A [template "NAME"] of your own, above its use, replaces a built-in one.
)guild";

// ---- implementation ---------------------------------------------------------

inline std::vector<ini::section> builtin_sections() {
    return ini::expand(ini::parse(builtin_text, std::string(builtin_path))).sections;
}

}}}  // namespace guild::project

// guild/guild.hpp - everything of layers 0 to 4: the index of the toolkit, in layer order.
//
// Layer 4. Includes: the standard library and the operating system, nothing else.
// Not here: guild/json.hpp, guild/toml.hpp, guild/viewer.hpp, which bring other libraries in.
#pragma once

// clang-format off: in the order in which they are best read

// layer 0: what everything stands on
#include <guild/version.hpp>                   // the version of this copy of guild
#include <guild/config.hpp>                    // what differs between compilers, named once

// layer 1: values, text and bytes; no operating system
#include <guild/base/error.hpp>                // error: code, message, path, place; carets
#include <guild/base/result.hpp>               // result<T>: a value or an error
#include <guild/base/text.hpp>                 // trim, split, join, UTF-8, closest word
#include <guild/base/line_splitter.hpp>        // lines out of bytes in pieces, progress bars too
#include <guild/base/plain_text.hpp>           // text without colours and movements
#include <guild/base/path.hpp>                 // join, base name, parent, extension
#include <guild/base/number.hpp>               // text to numbers and back, whatever the locale
#include <guild/base/bytes.hpp>                // little-endian numbers, varints, bits
#include <guild/base/base64.hpp>               // bytes as text of 64 letters
#include <guild/base/crc32c.hpp>               // CRC-32C and the mask that record files use
#include <guild/base/sha256.hpp>               // SHA-256
#include <guild/base/time.hpp>                 // moments and durations as text
#include <guild/base/pattern.hpp>              // regular expressions in linear time
#include <guild/base/pattern_syntax.hpp>       // their text as a tree
#include <guild/base/pattern_states.hpp>       // the same as a machine of states
#include <guild/base/line_matcher.hpp>         // which lines of a gigabyte match

// layer 2: the operating system
#include <guild/os/env.hpp>                    // the system calls, replaceable in tests
#include <guild/os/file.hpp>                   // files
#include <guild/os/directory.hpp>              // directories: list, make, remove
#include <guild/os/temporary.hpp>              // what goes with its object unless it is kept
#include <guild/os/beneath.hpp>                // files beneath a directory, for names of strangers
#include <guild/os/read_beneath.hpp>           // reading files of strangers: no link followed
#include <guild/os/link.hpp>                   // symbolic links, permissions, new names
#include <guild/os/hold.hpp>                   // one process at a time
#include <guild/os/environment.hpp>            // environment variables; where a program is
#include <guild/os/descriptor.hpp>             // waiting for descriptors; waking a thread
#include <guild/os/pipe.hpp>                   // owned descriptors and pipes
#include <guild/os/thread.hpp>                 // thread, mutex, condition over pthread
#include <guild/os/socket.hpp>                 // TCP sockets that never block
#include <guild/os/terminal.hpp>               // pseudo terminals; settings put back
#include <guild/os/exit_status.hpp>            // how a process ended; names of signals
#include <guild/os/exit_watch.hpp>             // a descriptor that tells of a child's end
#include <guild/os/fork_exec.hpp>              // starts that posix_spawn cannot express
#include <guild/os/spawn.hpp>                  // what is started, where, with which streams
#include <guild/os/child.hpp>                  // a running child: pipes, signals, its end
#include <guild/os/sweep.hpp>                  // ends what left its group, by a mark
#include <guild/os/process.hpp>                // run(): a program from start to end
#include <guild/os/identity.hpp>               // who is writing: host, boot, process
#include <guild/os/fork_mark.hpp>              // tells a process from its forked child
#include <guild/os/guard.hpp>                  // ends a command whose supervisor died
#include <guild/os/proc.hpp>                   // the text of /proc as values
#include <guild/os/proc_file.hpp>              // reads those files
#include <guild/os/traffic.hpp>                // counters of network, swap and files, load
#include <guild/os/process_tree.hpp>           // what a process and its descendants use
#include <guild/os/machine.hpp>                // boot, processors, memory
#include <guild/os/control_group.hpp>          // limits of memory, kills for want of it
#include <guild/os/group_stats.hpp>            // what a control group uses; throttling
#include <guild/os/gpu.hpp>                    // GPUs, through nvidia-smi
#include <guild/os/nvml.hpp>                   // through NVIDIA's library
#include <guild/os/amd_gpu.hpp>                // through AMD's driver in /sys
#include <guild/os/gpu_sampler.hpp>            // all of them, without waiting
#include <guild/os/stats.hpp>                  // statistics of the machine and of a command

// layer 2: INI text
#include <guild/ini/document.hpp>              // tokens, sections, diagnostics
#include <guild/ini/scan.hpp>                  // the smallest pieces of the grammar
#include <guild/ini/parser.hpp>                // text to document; never fails, never loses
#include <guild/ini/expand.hpp>                // sections as values, @attrs followed
#include <guild/ini/writer.hpp>                // one key set in place

// layer 3: the Guild file as values
#include <guild/project/project.hpp>           // models, resources, their attributes
#include <guild/project/templates.hpp>         // built-in sections; what `init` writes
#include <guild/project/load.hpp>              // a directory to its project
#include <guild/project/flags.hpp>             // the four layers of flags
#include <guild/project/operation.hpp>         // `train = ...` to a command
#include <guild/project/collectors.hpp>        // programs whose metrics are recorded with a run
#include <guild/project/output_rules.hpp>      // [output]: values in what a command prints
#include <guild/project/number_format.hpp>     // numbers as fields show them: "0.00%"
#include <guild/project/text_template.hpp>     // `{{ NAME|FILTER }}` in a text
#include <guild/project/guild_in.hpp>          // Guild.in to Guild

// layer 3: TensorBoard event files
#include <guild/tfevents/record.hpp>           // the frames of a record file
#include <guild/tfevents/wire.hpp>             // protocol buffer fields
#include <guild/tfevents/tensor.hpp>           // one number out of a tensor
#include <guild/tfevents/event.hpp>            // an event: step, time, tags, values
#include <guild/tfevents/event_encoder.hpp>    // the same as bytes
#include <guild/tfevents/hparams.hpp>          // hyperparameters, as TensorBoard keeps them
#include <guild/tfevents/histogram.hpp>        // values counted into buckets
#include <guild/tfevents/tags.hpp>             // the tags of a run, numbered
#include <guild/tfevents/damage.hpp>           // what is wrong with some bytes, and where
#include <guild/tfevents/record_reader.hpp>    // the records of one file, while it grows
#include <guild/tfevents/large_event.hpp>      // an event too large for memory, reduced
#include <guild/tfevents/reader.hpp>           // the scalars of one file
#include <guild/tfevents/restart.hpp>          // which points a restart takes back
#include <guild/tfevents/points.hpp>           // the points of a run, without those
#include <guild/tfevents/directory_reader.hpp>  // of all files below a directory
#include <guild/tfevents/writer.hpp>           // scalars, texts and more that TensorBoard reads

// layer 3: tar archives
#include <guild/archive/limits.hpp>            // how much an archive may ask for
#include <guild/archive/tar_format.hpp>        // one member as values and as bytes
#include <guild/archive/member_rules.hpp>      // which members are allowed
#include <guild/archive/tar_reader.hpp>        // an archive as members, hostile ones refused
#include <guild/archive/tar_writer.hpp>        // members as an archive
#include <guild/archive/tree.hpp>              // a directory as members, the same everywhere
#include <guild/archive/extract.hpp>           // members as a directory, whole or not at all

// layer 3: numbers over steps, in files that survive crashes
#include <guild/series/point.hpp>              // number, point, sample
#include <guild/series/format.hpp>             // the blocks of a .gts file
#include <guild/series/payload.hpp>            // what small blocks hold: keys, remarks
#include <guild/series/frames.hpp>             // rows of values, as they are logged
#include <guild/series/packed.hpp>             // integers in few bits
#include <guild/series/ratio.hpp>              // decimals and fractions as integers
#include <guild/series/column.hpp>             // the values of one series, coded
#include <guild/series/chunk.hpp>              // columns of frames, of closed files
#include <guild/series/pyramid.hpp>            // a series from far away
#include <guild/series/id_table.hpp>           // values by the id of a series
#include <guild/series/index_summary.hpp>      // every series at a glance, in few bytes
#include <guild/series/index.hpp>              // what stands where in a file
#include <guild/series/file_builder.hpp>       // blocks in the making
#include <guild/series/writer_options.hpp>     // how a file is written and named
#include <guild/series/writer.hpp>             // appends; every value or a count of lost ones
#include <guild/series/opened_file.hpp>        // a file with its header, as all that read one begin
#include <guild/series/block_reader.hpp>       // the blocks of a file, past damage
#include <guild/series/block_points.hpp>       // the points and the names in a block
#include <guild/series/key_index.hpp>          // ids by key
#include <guild/series/name_table.hpp>         // names by id and key, when they are needed
#include <guild/series/summary_table.hpp>      // summaries by id, kept up to date
#include <guild/series/file_map.hpp>           // which blocks hold what
#include <guild/series/pixel_targets.hpp>      // many series for charts at once
#include <guild/series/pixels.hpp>             // the few points that a chart needs
#include <guild/series/pyramid_memory.hpp>     // the same of a live file, kept in memory
#include <guild/series/pyramid_source.hpp>     // the same from a pyramid
#include <guild/series/reader.hpp>             // one file
#include <guild/series/run_reader.hpp>         // all files of a run as one set of series
#include <guild/series/column_file.hpp>        // writes a file of columns
#include <guild/series/block_list.hpp>         // blocks, also those that were moved
#include <guild/series/rewrite.hpp>            // puts it in the place of another
#include <guild/series/compact.hpp>            // a closed file in a fraction of its size
#include <guild/series/pyramid_check.hpp>      // whether a pyramid is what its points make of it
#include <guild/series/verify.hpp>             // what is damaged
#include <guild/series/repair.hpp>             // what can be saved of it
#include <guild/series/reduce.hpp>             // last, min, percentiles ...; points to pixels
#include <guild/series/point_text.hpp>         // a number as text, bit for bit
#include <guild/series/csv.hpp>                // a point as a line of CSV
#include <guild/series/jsonl.hpp>              // a point as a line of JSON
#include <guild/series/text_reader.hpp>        // the points of such a text, in pieces
#include <guild/series/smooth.hpp>             // moving averages, as TensorBoard draws them

// layer 4: sources of a package
#include <guild/package/source.hpp>            // one source: where from, under which name
#include <guild/package/tree_ref.hpp>          // which ref a tree URL means
#include <guild/package/package.hpp>           // GuildPkg as values
#include <guild/package/lock.hpp>              // GuildPkg.lock: what the sources were
#include <guild/package/mirror.hpp>            // other places to fetch from
#include <guild/package/tool.hpp>              // running git, curl and the like
#include <guild/package/git_tool.hpp>          // git without the machine's configuration
#include <guild/package/git_store.hpp>         // the bare repository that is kept
#include <guild/package/git.hpp>               // one commit, or a part of it
#include <guild/package/download.hpp>          // one file, resumed and checked
#include <guild/package/source_tree.hpp>       // hash and copy of a directory
#include <guild/package/fetch.hpp>             // every source of a package into srcdir
#include <guild/package/skeleton.hpp>          // what `init --package` writes
#include <guild/package/packager_driver.hpp>   // the lines of bash that run a packager
#include <guild/package/build_log.hpp>         // what it printed, its beginning and end
#include <guild/package/outside_watch.hpp>     // files it had no business with
#include <guild/package/build.hpp>             // runs its steps in a clean shell
#include <guild/package/working.hpp>           // working copies, and patches of them

// layer 4: archives of packages
#include <guild/package/package_name.hpp>      // which names and versions name a file
#include <guild/package/version_order.hpp>     // 1.10 is newer than 1.9
#include <guild/package/file_digest.hpp>       // the sha256 of a file
#include <guild/package/filter.hpp>            // xz, gzip, zstd and bzip2, as programs
#include <guild/package/archive_file.hpp>      // an archive on disk, as its members
#include <guild/package/unpack.hpp>            // an archive into a fresh directory
#include <guild/package/buildinfo.hpp>         // what stands beside an archive
#include <guild/package/pack.hpp>              // a directory as a package, the same everywhere
#include <guild/package/verify.hpp>            // an archive against its buildinfo
#include <guild/package/home.hpp>              // where packages are installed, and which
#include <guild/package/package_index.hpp>     // what a directory or server offers
#include <guild/package/install.hpp>           // install and uninstall

// layer 4: runs: directories, recording, supervising, listing
#include <guild/runs/layout.hpp>               // where things stand in a run directory
#include <guild/runs/tsv.hpp>                  // its small tables
#include <guild/runs/lock.hpp>                 // LOCK: who records, and whether it lives
#include <guild/runs/output_log.hpp>           // what the command printed, piece by piece
#include <guild/runs/output_reader.hpp>        // the same, as spans of its two streams
#include <guild/runs/output_lines.hpp>         // lines of them; progress bars folded
#include <guild/runs/output_search.hpp>        // lines that match a pattern
#include <guild/runs/run.hpp>                  // one run as it stands on disk
#include <guild/runs/post_mortem.hpp>          // how a run ended, for people
#include <guild/runs/catalog.hpp>              // the runs below run roots
#include <guild/runs/catalog_cache.hpp>        // the same for readers that ask again and again
#include <guild/runs/query_syntax.hpp>         // the text of a condition on runs
#include <guild/runs/query.hpp>                // conditions: `lr = 0.1 and loss < 0.8`
#include <guild/runs/query_value.hpp>          // what a run answers to them
#include <guild/runs/marks.hpp>                // labels, tags and notes
#include <guild/runs/recorded_command.hpp>     // what a run ran, to run it again
#include <guild/runs/secrets.hpp>              // what is not written down with a run
#include <guild/runs/source_overlay.hpp>       // what differs from a snapshot; it among links
#include <guild/runs/source_snapshot.hpp>      // copies of sources; commit, branch, diff
#include <guild/runs/build_identity.hpp>       // build id, compiler, libraries of a program
#include <guild/runs/diff.hpp>                 // where two runs are not the same
#include <guild/runs/run_files.hpp>            // the files a recorder keeps open
#include <guild/runs/rundir_keeper.hpp>        // restores a directory that was deleted
#include <guild/runs/output_buffer.hpp>        // between the pipes and the disk
#include <guild/runs/collectors.hpp>           // attributes, statistics, event files
#include <guild/runs/metrics_text.hpp>         // OpenMetrics and Prometheus text as samples
#include <guild/runs/external_collector.hpp>   // programs that print metrics, as series
#include <guild/runs/event_time.hpp>           // times of events in microseconds
#include <guild/runs/event_points.hpp>         // event files as points, bit for bit
#include <guild/runs/event_export.hpp>         // series as an event file for TensorBoard
#include <guild/runs/series_import.hpp>        // a run made of points
#include <guild/runs/event_cursor.hpp>         // events.tsv: event files as they were
#include <guild/runs/event_sources.hpp>        // which runs a log directory holds
#include <guild/runs/event_facts.hpp>          // hyperparameters as flags; start and end
#include <guild/runs/imported_run.hpp>         // one run made of event files
#include <guild/runs/import_index.hpp>         // which run is made of which directory
#include <guild/runs/event_import.hpp>         // runs out of existing log directories
#include <guild/runs/command_watch.hpp>        // the command's output, signals and end
#include <guild/runs/compact_run.hpp>          // series files of a run that is over
#include <guild/runs/output_rules.hpp>         // numbers in lines as values of series
#include <guild/runs/output_scan.hpp>          // stores them; once more on request
#include <guild/runs/output_follower.hpp>      // and while the command runs
#include <guild/runs/recording.hpp>            // everything written about a command
#include <guild/runs/supervisor.hpp>           // supervise(): a command as a recorded run
#include <guild/runs/frame_ring.hpp>           // logged values on their way to the writer
#include <guild/runs/rank.hpp>                 // which process of a parallel program this is
#include <guild/runs/recorder_loop.hpp>        // the thread that writes what was logged
#include <guild/runs/recorder.hpp>             // log() from inside a trainer

// clang-format on

// guild/guild.hpp - everything of layers 0 to 4: the index of the toolkit, in layer order.
//
// Layer 4. Includes: the standard library and the operating system, nothing else.
// Not here: guild/json.hpp, guild/toml.hpp, guild/viewer.hpp, which bring other libraries in.
#pragma once

// layer 0: what everything stands on
#include <guild/version.hpp>              // the version of this copy of guild
#include <guild/config.hpp>               // what differs between compilers, named once

// layer 1: values, text and bytes; no operating system
#include <guild/base/error.hpp>           // the error value of the whole toolkit: a code, a message
#include <guild/base/result.hpp>          // a value or an error
#include <guild/base/text.hpp>            // small functions on text that several modules need: trim
#include <guild/base/path.hpp>            // file names as text: join, base name, parent, extension
#include <guild/base/number.hpp>          // text to numbers and numbers to text
#include <guild/base/bytes.hpp>           // numbers to bytes and back: little-endian fixed widths
#include <guild/base/crc32c.hpp>          // CRC-32C (Castagnoli) of bytes
#include <guild/base/time.hpp>            // moments 
#include <guild/base/pattern.hpp>         // regular expressions that never take more than linear

// layer 2: the operating system
#include <guild/os/env.hpp>               // the system calls behind files and clocks
#include <guild/os/file.hpp>              // files and directories: open, read, write, sync, load
#include <guild/os/child.hpp>             // one running child process: its pipes, signals to it
#include <guild/os/descriptor.hpp>        // plain descriptors: wait until some are ready
#include <guild/os/environment.hpp>       // environment variables as values
#include <guild/os/exit_status.hpp>       // how a process ended, and the names of signals
#include <guild/os/exit_watch.hpp>        // a descriptor that becomes readable when a child
#include <guild/os/fork_mark.hpp>         // tells the process that made an object from a child
#include <guild/os/gpu.hpp>               // GPUs as nvidia-smi describes them
#include <guild/os/guard.hpp>             // a small process that ends a command when the program
#include <guild/os/identity.hpp>          // who is writing
#include <guild/os/pipe.hpp>              // one owned descriptor
#include <guild/os/proc.hpp>              // the text of Linux's /proc files as values
#include <guild/os/process.hpp>           // runs a program to its end: feeds its input
#include <guild/os/socket.hpp>            // listening and connected TCP sockets that never block
#include <guild/os/spawn.hpp>             // starts a program: what it runs, where
#include <guild/os/stats.hpp>             // what the machine and the processes of a command are
#include <guild/os/thread.hpp>            // threads, mutexes and conditions over pthread

// layer 2: INI text
#include <guild/ini/document.hpp>         // what a Guild file says and where: tokens, sections
#include <guild/ini/parser.hpp>           // Guild files, GuildPkg and their kin
#include <guild/ini/expand.hpp>           // the sections of a document as values
#include <guild/ini/scan.hpp>             // the smallest pieces of the grammar: a section key
#include <guild/ini/writer.hpp>           // edits of a Guild file in place: one key set

// layer 3: the Guild file as values
#include <guild/project/project.hpp>      // a Guild file as values: title, models, resources
#include <guild/project/flags.hpp>        // the flags of an operation
#include <guild/project/load.hpp>         // from a directory to its project: finds Guild or Guild
#include <guild/project/number_format.hpp>  // numbers as fields and series ask for them: "0.00%"
#include <guild/project/operation.hpp>    // from `train = mnist --fast` to the command that is run
#include <guild/project/templates.hpp>    // the sections every project starts from

// layer 3: TensorBoard event files
#include <guild/tfevents/record.hpp>      // the frames of a TensorFlow record file: length, payload
#include <guild/tfevents/wire.hpp>        // the fields of a serialized protocol buffer message
#include <guild/tfevents/event.hpp>       // the payload of a record: an Event
#include <guild/tfevents/reader.hpp>      // the scalars of one TensorFlow event file
#include <guild/tfevents/writer.hpp>      // writes scalars into an event file that TensorBoard
#include <guild/tfevents/directory_reader.hpp>  // the scalars of all event files below a directory

// layer 3: numbers over steps, in files that survive crashes
#include <guild/series/point.hpp>         // the values of series storage: a number, a point
#include <guild/series/format.hpp>        // the frame of a series file (.gts)
#include <guild/series/block_reader.hpp>  // the blocks of a series file in order
#include <guild/series/payload.hpp>       // what the blocks of a series file hold: dictionary
#include <guild/series/reader.hpp>        // reads one series file, closed, torn
#include <guild/series/reduce.hpp>        // many points to one number
#include <guild/series/run_reader.hpp>    // the series of a run
#include <guild/series/writer.hpp>        // writes one series file

// layer 4: runs: directories, recording, supervising, listing
#include <guild/runs/layout.hpp>          // where things stand in a run directory
#include <guild/runs/tsv.hpp>             // the small tables of a run directory
#include <guild/runs/catalog.hpp>         // the runs below one or more run roots: list them
#include <guild/runs/collectors.hpp>      // what is gathered around a run: machine attributes
#include <guild/runs/command_watch.hpp>   // watches a running command: takes its output
#include <guild/runs/lock.hpp>            // the LOCK file of a run that goes on: who writes it
#include <guild/runs/output_buffer.hpp>   // the bounded memory between the thread that reads a
#include <guild/runs/output_log.hpp>      // what a command printed: raw bytes in output.log
#include <guild/runs/recording.hpp>       // everything that is written about a supervised command
#include <guild/runs/run.hpp>             // one recorded run, read from its directory: what it was
#include <guild/runs/run_files.hpp>       // the small files that whoever records a run keeps open
#include <guild/runs/rundir_keeper.hpp>   // notices that a command deleted or replaced its run
#include <guild/runs/supervisor.hpp>      // runs a command as a recorded run

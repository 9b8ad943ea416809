// guild/viewer.hpp - everything of guild view: the page, its HTTP API, and the server.
//
// Layer 6. Includes: viewer/. Needs nlohmann/json and cpp-httplib. It compiles slowly: include it
// in one translation unit. Not here: the command line (examples/guild/view.cpp).
#pragma once

#include <guild/viewer/api.hpp>            // request + context -> response, without sockets
#include <guild/viewer/assets.hpp>         // the page's files
#include <guild/viewer/http.hpp>           // requests, responses, and the checks on them
#include <guild/viewer/metrics.hpp>        // the runs as numbers for Prometheus
#include <guild/viewer/output_search.hpp>  // a text in what a run printed
#include <guild/viewer/points.hpp>         // the points of charts, as JSON and as arrays
#include <guild/viewer/protocol.hpp>       // an answer as bytes of HTTP/1.1
#include <guild/viewer/request_head.hpp>   // the head of a request, read strictly
#include <guild/viewer/run_files.hpp>      // the files of a run directory
#include <guild/viewer/run_router.hpp>     // the answers about one run
#include <guild/viewer/run_rows.hpp>       // the rows of the table of runs
#include <guild/viewer/server.hpp>         // the listening socket and its loop
#include <guild/viewer/site_memory.hpp>    // what is kept between two requests
#include <guild/viewer/view_spec.hpp>      // fields and charts of a project file
#include <guild/viewer/worker_pool.hpp>    // threads that make answers

// guild/viewer.hpp - everything of guild view: the page, its HTTP API, and the server.
//
// Layer 6. Includes: viewer/. Needs nlohmann/json and cpp-httplib. It compiles slowly: include it
// in one translation unit. Not here: the command line (examples/guild/view.cpp).
#pragma once

#include <guild/viewer/api.hpp>           // request + context -> response, without sockets
#include <guild/viewer/assets.hpp>        // the page's files
#include <guild/viewer/http.hpp>          // requests, responses, and the checks on them
#include <guild/viewer/request_head.hpp>  // the head of a request, read strictly
#include <guild/viewer/server.hpp>        // the listening socket and its loop
#include <guild/viewer/view_spec.hpp>     // fields and charts of a project file

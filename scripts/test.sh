#!/bin/sh
# Builds and tests: test.sh [--all | --legs NAME...]
#
#   (nothing)  installs what is missing, builds with the machine's compiler, runs what is labelled `quick`
#   --all      everything: compilers, standards, sanitizers, single headers, Meson, consumers, browser, fuzzers.
#              Nothing is skipped; a leg that fails does not stop the others.
#   --legs     of --all only these, by the names that it prints: `test.sh --legs meson threads`
#
# Every leg prints its name, its time and its result, and keeps what it said in build/logs/NAME.log. The last line is
# `N passed, N failed`, counting test cases; the exit status is not 0 if any failed.
set -u
cd "$(dirname "$0")/.."
jobs=$(nproc 2>/dev/null || sysctl -n hw.ncpu)
logs=build/logs
mkdir -p "$logs"
passed=0
failed=0
failed_legs=
nothing_skipped=0
wanted= # names of legs; empty: every leg

# ---- running and counting --------------------------------------------------------------------------

# leg NAME COMMAND...: runs one leg, adds what it counted.
leg() {
    name=$1
    shift
    case " ${wanted:-$name} " in *" $name "*) ;; *) return ;; esac
    rm -f "$logs/$name.count"
    printf '%-28s ' "$name"
    start=$(date +%s)
    (set -e; COUNT=$logs/$name.count; "$@") >"$logs/$name.log" 2>&1
    code=$?
    seconds=$(($(date +%s) - start))
    counted=$(awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }' "$logs/$name.count" 2>/dev/null || echo 0 0)
    leg_passed=${counted% *}
    leg_failed=${counted#* }
    if [ "$code" -ne 0 ] && [ "$leg_failed" -eq 0 ]; then
        leg_failed=1
    elif [ "$code" -eq 0 ] && [ "$leg_passed" -eq 0 ]; then
        leg_passed=1 # a leg that is one check as a whole
    fi
    passed=$((passed + leg_passed))
    failed=$((failed + leg_failed))
    result=ok
    if [ "$leg_failed" -ne 0 ]; then
        result=FAILED
        failed_legs="$failed_legs $name"
    fi
    printf '%4d s  %5d passed  %3d failed  %s\n' "$seconds" "$leg_passed" "$leg_failed" "$result"
    [ "$result" = ok ] || show_failure "$logs/$name.log"
}

# What a reader of a failed leg wants to see: the tests that failed, or else the end of the log.
show_failure() {
    if grep -qE '^ +[0-9]+ - .*\((Failed|Timeout|SEGFAULT|Not Run|.*Exception.*)\)|Test +#.*\*\*\*' "$1"; then
        grep -E 'ERROR:|\*\*\*|: +(CHECK|REQUIRE)|^[0-9]+: .*(error|FAIL|Error)' "$1" | head -n 60
    else
        tail -n 40 "$1"
    fi | sed 's/^/    | /'
    echo "    | all of it: $1"
}

# run_ctest BUILD ARGUMENT...: doctest programs count their cases, any other test counts once.
run_ctest() {
    build=$1
    shift
    code=0
    (cd "$build" && ctest -V -j "$jobs" "$@") >"$COUNT.ctest" 2>&1 || code=$?
    cat "$COUNT.ctest"
    awk -v strict="$nothing_skipped" '
        /^[0-9]+: \[doctest\] test cases:/ {
            split($0, part, "|"); id = $1 + 0
            p[id] += part[2] + 0; f[id] += part[3] + 0
        }
        /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ {
            id = $0; sub(/.*#/, "", id); id += 0
            good = ($0 ~ / Passed +[0-9.]+ sec/)
            if ($0 ~ /\*\*\*Skipped/ && !strict) { print "skipped: " $0 >"/dev/stderr"; next }
            if (p[id] + f[id] == 0) { if (good) p[id] = 1; else f[id] = 1 }
            else if (!good && f[id] == 0) { f[id] = 1 }
            passed += p[id]; failed += f[id]
        }
        END { print passed + 0, failed + 0 }' "$COUNT.ctest" >>"$COUNT"
    rm -f "$COUNT.ctest"
    return "$code"
}

configure() { # configure BUILD OPTION...
    build=$1
    shift
    cmake -S . -B "$build" -G Ninja "$@"
}
build() { cmake --build "$@"; }

quick_flags='-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0'
checked_flags='-DCMAKE_BUILD_TYPE=Debug'
strict='-DGUILD_WERROR=ON -DGUILD_REQUIRE_ALL=ON -DGUILD_FETCH_DEPS=OFF'

# ---- the legs --------------------------------------------------------------------------------------

dependencies() { sh scripts/deps.sh "$1"; }

# What a newcomer runs.
newcomer() {
    configure build/dev $quick_flags
    build build/dev
    run_ctest build/dev -L quick
}

# The reference compiler, everything: long tests, tutorial, browser, consumers, checks of the tree.
full_gcc() {
    configure build/dev $quick_flags $strict -DCMAKE_CXX_COMPILER=g++ -DCMAKE_CXX_STANDARD=17
    build build/dev --target all guild_all_header_units
    run_ctest build/dev
}

# Data races: where there are threads.
threads() {
    configure build/tsan $checked_flags $strict -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_CXX_STANDARD=20 \
        -DGUILD_BUILD_EXAMPLES=OFF -DCMAKE_CXX_FLAGS_DEBUG='-O1 -g1' -DGUILD_SANITIZE=thread \
        '-DGUILD_TEST_FOLDERS=os;tfevents;runs'
    build build/tsan --target guild_tests guild_tests_viewer
    # The HTTP library is not built for it: how its statics are made is not seen. A clone() that shares memory ends it:
    # what starts such children is left out.
    echo 'called_from_lib:libcpp-httplib' >build/tsan/suppressions
    TSAN_OPTIONS="suppressions=$PWD/build/tsan/suppressions"
    export TSAN_OPTIONS
    run_ctest build/tsan -R '^(os|tfevents|runs|viewer)/' -L quick -E '^(os/fork_exec|runs/(external_collector|recording))$'
}

# The umbrellas under one compiler and standard: warnings, and what that pair does not know. Each header alone is part of
# full-gcc-17; clang++-14 with C++17 is Meson's, clang++-19 with C++20 that of `threads`.
umbrellas() { # umbrellas COMPILER STANDARD TARGET...
    directory=build/headers-$1-$2
    configure "$directory" $quick_flags $strict -DCMAKE_CXX_COMPILER="$1" -DCMAKE_CXX_STANDARD="$2"
    shift 2
    build "$directory" --target guild_umbrella_units "$@"
}

# Generated headers that have drifted, or that do not work as the originals do; and a throw, a catch, a dynamic_cast or a
# typeid that slipped into the core. Programs made of the generated headers: tests/consumer.
single_headers() {
    python3 single_include/amalgamate.py --check
    configure build/single-clang $quick_flags $strict -DCMAKE_CXX_COMPILER=clang++-19 -DGUILD_SINGLE_HEADER=ON \
        -DGUILD_BUILD_EXAMPLES=OFF
    build build/single-clang --target guild_umbrella_units
    configure build/single $quick_flags $strict -DCMAKE_CXX_COMPILER=g++ -DGUILD_SINGLE_HEADER=ON -DGUILD_NO_EXCEPTIONS=ON \
        '-DGUILD_TEST_FOLDERS=base;os;ini;project;tfevents;series'
    build build/single --target guild_umbrella_units guild_tests guild_tests_durability
    run_ctest build/single -L quick -R '^(base|os|ini|project|tfevents|series|durability)/'
}

# Everything once more: by Meson, with a compiler of 2022, looking for memory errors and undefined behaviour, where the
# decimal point is a comma and the time zone is not UTC.
with_meson() {
    LOCPATH=$PWD/build/locale LC_ALL=de_DE.utf8 TZ=Europe/Kyiv
    export LOCPATH LC_ALL TZ
    [ -f build/meson/build.ninja ] || CXX=clang++-14 meson setup build/meson -Dbuildtype=debug -Doptimization=0 \
        -Ddebug=false -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false \
        -Dcpp_args='-g1 -fno-omit-frame-pointer -fno-sanitize-recover=all'
    meson compile -C build/meson
    meson test -C build/meson --print-errorlogs
    meson test -C build/meson --list | awk 'END { print NR, 0 }' >>"$COUNT"
}

# Two minutes over all fuzzers together. New inputs stay in build/fuzz; a crash is a file there too.
fuzzers() {
    configure build/fuzz $checked_flags $strict -DCMAKE_CXX_COMPILER=clang++-19 -DGUILD_BUILD_EXAMPLES=OFF \
        -DGUILD_FUZZ=ON
    build build/fuzz --target fuzzers
    count=$(ls build/fuzz/bin/fuzz_* | wc -l)
    seconds=$((120 / count))
    ls build/fuzz/bin/fuzz_* | sed 's/.*fuzz_//' | xargs -P "$jobs" -I{} sh -c '
        mkdir -p build/fuzz/corpus/$1 build/fuzz/crashes
        seeds=; [ -d tests/fuzz/corpus/$1 ] && seeds=tests/fuzz/corpus/$1
        build/fuzz/bin/fuzz_$1 -max_total_time=$2 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix=build/fuzz/crashes/$1- build/fuzz/corpus/$1 $seeds >build/fuzz/$1.log 2>&1 ||
            { echo "fuzz_$1 failed"; tail -n 60 build/fuzz/$1.log; exit 1; }
        grep number_of_executed_units build/fuzz/$1.log | sed "s/^/fuzz_$1 /"' sh {} "$seconds"
    echo "$count 0" >>"$COUNT"
}

# Releases newer than the installed ones. Where they cannot be had (another system, no network) that is said, no failure.
current_libraries() {
    code=0
    sh tests/interop/current_releases.sh build/current || code=$?
    [ "$code" = 77 ] && echo "the newest releases cannot be reached from here" && return 0
    return "$code"
}

demo() { MNIST_MIRRORS='' sh scripts/demo.sh --once; }

# ---- what is run -----------------------------------------------------------------------------------

began=$(date +%s)
case ${1:-} in
    '')
        if ! sh scripts/deps.sh --test; then
            echo "test.sh: going on with what is here; CMake says what it leaves out"
        fi
        leg quick newcomer
        grep -hE '^-- guild:|^skipped:' "$logs/quick.log" | sort -u
        ;;
    --all | --legs)
        [ "$1" = --all ] || { shift && wanted=$*; }
        nothing_skipped=1 # a test that cannot run here has failed
        leg dependencies dependencies --all
        leg full-gcc-17 full_gcc
        leg meson-asan-clang14-17 with_meson
        leg threads-clang19-20 threads
        for pair in g++:20 g++:23 clang++-14:20; do
            leg "umbrellas-${pair%:*}-${pair#*:}" umbrellas "${pair%:*}" "${pair#*:}"
        done
        leg umbrellas-clang++-19-23 umbrellas clang++-19 23 guild_program
        leg single-headers single_headers
        leg fuzzers fuzzers
        leg current-libraries current_libraries
        leg demo demo
        ;;
    *)
        echo "test.sh: expected nothing, --all or --legs, found '$1'" >&2
        exit 2
        ;;
esac

echo "total: $(($(date +%s) - began)) s${failed_legs:+; failed:$failed_legs}"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

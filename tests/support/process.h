// Process: a program that a test runs, with all that it starts, gone with its owner.
//
// It runs in a process group of its own, which is killed as a whole when the Process is destroyed; its exit code stays
// readable until then. It also gets SIGKILL when the thread that started it ends (so a test program that crashes
// leaves nothing behind): start processes on a thread that outlives them. Standard input is empty; standard output and
// error go to files and can be read at any time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "tests/support/fd.h"
#include "tests/support/temp_dir.h"

namespace stormproof::support {

class Process {
 public:
  struct Options {
    std::vector<std::string> argv;                // argv[0] is looked up in PATH where it has no slash
    std::map<std::string, std::string> env = {};  // on top of the caller's
    std::filesystem::path folder = {};            // empty: the caller's
  };

  // Fails where the program cannot be executed: "cannot run ./shop: No such file or directory".
  static base::Result<Process> start(Options options);

  Process(Process&&) = default;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  bool running() const { return !exit_code_within(std::chrono::milliseconds(0)); }

  // The exit code, or 128 + the number of the signal that ended it; nothing while it runs after `within`.
  std::optional<int> exit_code_within(std::chrono::milliseconds within) const;

  // To the program itself, or to its whole group.
  void signal(int number) const;
  void signal_group(int number) const;

  // SIGTERM, then SIGKILL to the group where it has not ended `within`. The exit code.
  int stop(std::chrono::milliseconds within = std::chrono::seconds(10)) const;

  // What it wrote so far.
  std::string out() const;
  std::string err() const;

  // Returns as soon as 127.0.0.1:port accepts; an error with what it wrote to standard error when it ends before that.
  base::Result<void> wait_until_listening(std::uint16_t port,
                                          std::chrono::milliseconds within = std::chrono::seconds(10)) const;

 private:
  Process(pid_t pid, Fd watch, TempDir output) : pid_(pid), watch_(std::move(watch)), output_(std::move(output)) {}

  // Moved-from: no watch, nothing to end.
  pid_t pid_;
  Fd watch_;  // a pidfd: readable when the program has ended
  TempDir output_;
};

struct Finished {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// Runs a program to its end. An error where it cannot be executed or has not ended `within` (it is killed then).
base::Result<Finished> run_to_end(Process::Options options,
                                  std::chrono::milliseconds within = std::chrono::seconds(30));

}  // namespace stormproof::support

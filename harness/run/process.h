// Process: a program that the harness started, and ends.
//
// It runs in a process group of its own, so that what it starts ends with it; the kernel ends it (not what it started)
// when the thread that started it dies: a harness that is killed leaves no service behind. It gets the harness's
// environment, an empty standard input, default signals, and no other descriptor. Its output goes to a file. A
// resource: one owner, one thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::run {

struct Command {
  std::vector<std::string> argv;           // argv[0]: a path, or a name to look up in PATH
  std::map<std::string, std::string> env;  // added to the harness's own
  std::string folder;                      // working directory; empty: the harness's own
  std::string output;                      // file for stdout and stderr; appended to
};

class Process {
 public:
  // Returns once the program runs; a program that cannot be started is an error here.
  static base::Result<std::unique_ptr<Process>> start(const Command& command);
  ~Process();  // as stop(0)
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }

  // "exited with status 1", "killed by signal 9 (Killed)"; nothing while it runs.
  std::optional<std::string> ended();

  // SIGTERM to the whole group; SIGKILL to what is left of it when the program itself has ended, or after `grace`.
  // Returns when the program is gone. Later calls do nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  explicit Process(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::optional<std::string> end_;
  bool reaped_ = false;
};

// The file that argv[0] means for a process in `folder`: a path, or what PATH finds; "" where there is none.
std::string program_of(const std::string& name, const std::string& folder);

// The last lines of a text file, for an error message; "" where there is none. Looks at the last `last_bytes_max` only.
inline constexpr std::size_t last_bytes_max = 64 << 10;
std::string last_lines(const std::string& file, std::size_t lines);

}  // namespace stormproof::run

// Journal: what must be undone if nobody is left to do it. Written before a fault acts, and to the disk.
//
// A file of lines, one an entry, JSON: an undo, or that one is done. Whoever finds it later (the watchdog, `stormproof
// heal`) can undo what is pending: doing so twice does no harm. A line that is torn was written before its fault acted: it
// is left out. One writer; any reader. No entry outlives the process that it names: a pid is told from its next owner by its
// start time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::faults {

struct Undo {
  enum class Kind : std::uint8_t { resume, open_files, cgroup, command };
  Kind kind = Kind::resume;
  std::string rule;
  pid_t pid = 0;                    // resume, open_files
  std::uint64_t pid_started = 0;    // its start time, see started_at()
  std::uint64_t soft_limit = 0;     // open_files: as it was
  std::string path;                 // cgroup: the folder that was made
  std::vector<std::string> argv;    // command: what heals
  std::string folder;               // its working directory

  bool operator==(const Undo&) const = default;
};

// When the process began, in ticks since boot; 0: there is none with this number.
std::uint64_t started_at(pid_t pid);

// Undoes one, and looks whether it is undone. Nothing to undo (the process is gone) is success.
base::Result<void> undo(const Undo& entry);

class Journal {
 public:
  // Makes the file, with this process as its owner, or goes on with it.
  static base::Result<Journal> open(const std::string& path);
  ~Journal();
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;

  // On the disk when it returns. The entry's number.
  base::Result<std::uint64_t> add(const Undo& entry);
  base::Result<void> done(std::uint64_t number);

 private:
  Journal(int file, std::uint64_t next) : file_(file), next_(next) {}
  base::Result<void> append(const std::string& line);

  int file_;
  std::uint64_t next_;
};

struct PendingUndo {
  std::uint64_t number = 0;
  Undo undo;
};
// Whether the process that made it still runs: then it is that one's to heal.
bool owner_lives(const std::string& path);

// What is not done yet, the last one first. No file: nothing is.
base::Result<std::vector<PendingUndo>> pending(const std::string& path);

}  // namespace stormproof::faults

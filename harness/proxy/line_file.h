// LineFile: a file, or standard output, that whole lines are appended to, through full disks and stalled readers.
//
// What cannot be written is lost and counted; the next write tries again. A line that the disk took half of is ended
// first, so that no line is ever torn by the next. A pipe whose reader stalls is waited for in steps of `look_every`,
// until it goes on or the caller gives up. One thread; the thread that writes blocks SIGPIPE (broken pipes are errors
// here).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace stormproof::proxy {

class LineFile {
 public:
  static constexpr std::chrono::milliseconds look_every{100};

  // Appends; makes the file where there is none (mode 0640). "-": standard output, which stays open.
  static base::Result<LineFile> open(std::string path);
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&&) = delete;
  ~LineFile();

  // Lines with their newlines. After an error the rest of them is lost. `give_up`: asked while the file takes nothing.
  base::Result<void> write(std::string_view lines, const std::function<bool()>& give_up);

  // Opens the path again, where another file may be by now. On failure it goes on with the one that it has. The rest
  // of a line that the old file took half of is lost. Does nothing for standard output.
  base::Result<void> reopen();

  std::uint64_t written() const { return written_; }  // lines, whole
  std::uint64_t lost() const { return lost_; }

 private:
  LineFile(std::string path, int fd);
  base::Result<std::size_t> write_some(std::string_view bytes, const std::function<bool()>& give_up);
  base::Result<void> end_torn_line(const std::function<bool()>& give_up);

  std::string path_;
  int fd_;
  bool regular_ = true;
  std::string torn_;  // what is missing of the file's last line
  std::uint64_t written_ = 0;
  std::uint64_t lost_ = 0;
};

}  // namespace stormproof::proxy

// Error: what went wrong, said once, in words for the person who can mend it.
//
// A value, cheap to move. Functions that can fail return Result<T>. `file`, `line` and `column` are set
// where the cause stands in a text that somebody wrote; lines and columns count from 1, 0 is "not known".
#pragma once

#include <expected>
#include <string>

namespace stormproof::base {

struct Error {
  std::string message;
  std::string file = {};
  int line = 0;
  int column = 0;

  // "file:line:col: message", leaving out what is not known.
  std::string to_string() const;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message) { return std::unexpected(Error{std::move(message)}); }

// The error of the system call that just failed: "cannot open x.traffic: No such file or directory".
std::unexpected<Error> fail_errno(std::string what, int errno_value);

}  // namespace stormproof::base

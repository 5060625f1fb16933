#include "harness/base/error.h"

#include <fmt/format.h>

#include <system_error>

namespace stormproof::base {

std::string Error::to_string() const {
  if (file.empty()) return message;
  if (line == 0) return fmt::format("{}: {}", file, message);
  if (column == 0) return fmt::format("{}:{}: {}", file, line, message);
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

std::unexpected<Error> fail_errno(std::string what, int errno_value) {
  return fail(what + ": " + std::generic_category().message(errno_value));
}

}  // namespace stormproof::base

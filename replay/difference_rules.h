// DifferenceRules: what the person who compares has said does not matter.
//
// A pattern is a JSONPath with wildcards, and covers all below it: `$.updated_at`, `$.items[*].etag`, `$..requestId` (at any
// depth), `$.meta.*`, `$['two words']`, `$[0]`; or `status`, `header:NAME` or `header:x-*`, or `body`. A route before it, as the report prints
// it and with * for any text, limits it: `GET /orders/{id} $.total`. Three kinds of rule: ignored; lists whose order
// does not matter; numbers that may differ by so much (`$.price=0.01` absolute, `$.score=1%` of the baseline's).
// Immutable once made; matching is pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "replay/body_path.h"

namespace stormproof::replay {

class PathPattern {
 public:
  static constexpr std::size_t pattern_bytes_max = 1000;
  static constexpr std::size_t steps_max = 64;

  // The error says where the pattern stops making sense.
  static base::Result<PathPattern> parse(std::string_view text);

  // At the place itself, or above it.
  bool covers(std::string_view route, const BodyPath& path) const;
  // Exactly the place.
  bool matches(std::string_view route, const BodyPath& path) const;
  bool covers_header(std::string_view route, std::string_view lower_name) const;
  bool covers_status(std::string_view route) const;
  bool whole_body(std::string_view route) const;
  bool of_body() const { return subject_ == Subject::body; }

 private:
  enum class Subject : std::uint8_t { body, header, status };
  enum class Kind : std::uint8_t { name, element, any_name, any_element, any_depth };
  struct Step {
    Kind kind = Kind::name;
    std::string name;
    std::size_t index = 0;
  };
  base::Result<void> parse_path(std::string_view text);
  base::Result<std::size_t> parse_name(std::string_view text, std::size_t at);
  base::Result<std::size_t> parse_bracket(std::string_view text, std::size_t at);
  bool in_route(std::string_view route) const;
  bool fits(std::size_t step, const BodyPath& path, std::size_t at, bool whole) const;

  Subject subject_ = Subject::body;
  std::string route_;   // empty: all
  std::string header_;  // lower case, * for any text
  std::vector<Step> steps_;
};

class DifferenceRules {
 public:
  static constexpr std::size_t rules_max = 1000;

  base::Result<void> ignore(std::string_view pattern);
  base::Result<void> unordered(std::string_view pattern);
  base::Result<void> tolerate(std::string_view pattern_and_amount);

  bool ignores(std::string_view route, const BodyPath& path) const;
  bool ignores_header(std::string_view route, std::string_view lower_name) const;
  bool ignores_status(std::string_view route) const;
  bool ignores_body(std::string_view route) const;
  bool is_unordered(std::string_view route, const BodyPath& path) const;
  bool within_tolerance(std::string_view route, const BodyPath& path, double baseline, double candidate) const;

 private:
  struct Tolerance {
    PathPattern pattern;
    double amount = 0;
    bool relative = false;
  };
  std::vector<PathPattern> ignored_;
  std::vector<PathPattern> unordered_;
  std::vector<Tolerance> tolerated_;
};

}  // namespace stormproof::replay

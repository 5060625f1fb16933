// RewriteRules: what is changed in every request of a capture before it is sent: host, headers, path, query.
//
// Of the recorded bytes only what a rule names is changed. A path rule is two globs, "/old/*=/new/*": what the n-th * of the
// first took stands where the n-th * of the second is; the first rule that matches the path is applied. A query parameter
// is told by its name as it stands on the wire; setting one that is not there adds it. Framing cannot be rewritten:
// Content-Length and Transfer-Encoding belong to the recorded body.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/error.h"

namespace stormproof::replay {

struct RewriteRules {
  std::string host = {};                                          // of the Host field; "": as recorded
  std::vector<std::pair<std::string, std::string>> headers = {};  // set: the first of that name is replaced, others go
  std::vector<std::string> headers_removed = {};
  std::vector<std::pair<std::string, std::string>> paths = {};  // glob and what it becomes
  std::vector<std::pair<std::string, std::string>> query = {};
  std::vector<std::string> query_removed = {};

  bool none() const {
    return host.empty() && headers.empty() && headers_removed.empty() && paths.empty() && query.empty() &&
           query_removed.empty();
  }
};

// "Name: value", "/old/*=/new/*", "name=value"; the errors say what is wrong.
base::Result<std::pair<std::string, std::string>> parse_header_rule(std::string_view text);
base::Result<std::pair<std::string, std::string>> parse_path_rule(std::string_view text);
base::Result<std::pair<std::string, std::string>> parse_query_rule(std::string_view text);
base::Result<void> check_header_name(std::string_view name);

// `fields`: a request head without the empty line at its end, lines ending in CRLF. The request line is changed with the target.
void apply(const RewriteRules& rules, std::string& target, std::string& fields);

// The same for its parts, for tests and other callers.
std::string rewritten_target(const RewriteRules& rules, std::string_view target);
void set_header(std::string& fields, std::string_view name, std::string_view value);
void remove_header(std::string& fields, std::string_view name);

}  // namespace stormproof::replay

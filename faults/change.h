// Change: replace or patch a message on its way: method, path, status, headers, body (whole, or by JSON merge patch).
//
// What goes on is one legal message, with the length of its new body. As Chaos Mesh's `replace` and `patch`: first what
// replaces, then the merge. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faults/message.h"
#include "harness/base/error.h"

namespace stormproof::faults {

// What both directions have.
struct Change {
  std::map<std::string, std::string> headers;  // set, in the place of what has the name
  std::vector<std::string> without = {};   // headers that are taken out
  std::optional<std::string> body = {};
  std::optional<std::string> merge = {};  // a JSON merge patch of the body

  bool changes_body() const { return body.has_value() || merge.has_value(); }
  // For whoever takes one from a person: headers that are none, or that frame the message; a patch that is no JSON.
  base::Result<void> check() const;
  // The error: what kept it from being done as asked; the message is as it was.
  base::Result<void> apply(Message& message) const;
};

struct RequestChange {
  std::string method = {};  // empty: as it came. Not HEAD or CONNECT, whose answers are framed otherwise
  std::string path = {};    // in the place of the path; the query stays
  Change change = {};

  base::Result<void> check() const;
  base::Result<void> apply(Message& request) const;
};

struct ResponseChange {
  std::optional<int> status = {};
  Change change = {};

  base::Result<void> check() const;
  base::Result<void> apply(Message& response) const;
};

}  // namespace stormproof::faults

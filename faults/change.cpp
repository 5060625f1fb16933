#include "faults/change.h"

#include <fmt/format.h>

#include "faults/abort.h"
#include "faults/merge_patch.h"

namespace stormproof::faults {

base::Result<void> Change::check() const {
  if (const auto checked = Abort{.status = 200, .headers = headers, .body = {}}.check(); !checked) return checked;
  for (const std::string& name : without) {
    if (const auto checked = Abort{.status = 200, .headers = {{name, ""}}, .body = {}}.check(); !checked) return checked;
  }
  if (merge) {
    if (const auto json = check_json(*merge); !json) return base::fail("the merge patch: " + json.error().message);
  }
  return {};
}

base::Result<void> Change::apply(Message& message) const {
  std::string text = body.value_or(message.body);
  if (changes_body() && message.bodiless) return base::fail("the message has no body by its nature");
  if (merge) {
    if (!body && message.field("content-encoding") != nullptr) return base::fail("the body is compressed");
    auto merged = merge_patched(text, *merge);
    if (!merged) return std::unexpected(merged.error());
    text = std::move(*merged);
  }
  for (const std::string& name : without) message.remove(name);
  for (const auto& [name, value] : headers) message.set(name, value);
  if (body) message.remove("content-encoding");  // ours is plain
  message.body = std::move(text);
  return {};
}

base::Result<void> RequestChange::check() const {
  if (method == "HEAD" || method == "CONNECT")
    return base::fail(fmt::format("a request cannot be changed into {}: its answer has other framing", method));
  return change.check();
}

base::Result<void> RequestChange::apply(Message& request) const {
  const std::size_t first = request.start.find(' ');
  const std::size_t last = request.start.rfind(' ');
  if (first == std::string::npos || last <= first) return base::fail("the request has no target");
  std::string verb = request.start.substr(0, first);
  std::string target = request.start.substr(first + 1, last - first - 1);
  if (!method.empty() && (verb == "HEAD" || verb == "CONNECT"))
    return base::fail(fmt::format("a {} cannot become another method: its answer has other framing", verb));
  if (const auto done = change.apply(request); !done) return done;
  if (!method.empty()) verb = method;
  if (!path.empty()) {
    const std::size_t query = target.find('?');
    target = query == target.npos || path.contains('?') ? path : path + target.substr(query);
  }
  request.start = fmt::format("{} {}{}", verb, target, request.start.substr(last));
  return {};
}

base::Result<void> ResponseChange::check() const {
  if (status) {
    if (const auto checked = Abort{.status = *status, .headers = {}, .body = {}}.check(); !checked) return checked;
    if (*status == 204 || *status == 304) return base::fail(fmt::format("an answer cannot be changed into a {}: it has no body", *status));
  }
  return change.check();
}

base::Result<void> ResponseChange::apply(Message& response) const {
  if (status && response.status() == 304) return base::fail("a 304 cannot become another status: its body is with the client");
  if (const auto done = change.apply(response); !done) return done;
  if (status) {
    const std::size_t space = response.start.find(' ');
    response.start = fmt::format("{} {} {}", response.start.substr(0, space), *status, reason_of(*status));
    if (response.bodiless && response.field("content-length") == nullptr) response.set("Content-Length", "0");
  }
  return {};
}

}  // namespace stormproof::faults

// ToxiproxyApi: toxiproxy's control API (2.12) over a switchboard, so that its clients and test suites work unchanged.
//
// Routes, bodies and codes are its own; what differs, on purpose: errors are served as the JSON that they are; lists are
// never null; attributes that mean nothing are refused with 400; GET /version has our version beside the one that we are
// compatible with. As there, keys are read in any case, what follows the first JSON value is ignored, and a User-Agent that
// starts with "Mozilla/" is refused, so that no web page can drive it. Called on one thread, which it may hold up for as long as
// a name takes to be resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/run/switchboard.h"
#include "harness/wire/http_server.h"

namespace stormproof::run {

class ToxiproxyApi {
 public:
  static constexpr std::string_view compatible_version = "2.12.0";

  // The board outlives it. `version`: ours.
  ToxiproxyApi(Switchboard& board, std::string version) : board_(board), version_(std::move(version)) {}

  // Nothing: this is none of its paths.
  std::optional<wire::HttpReply> answer(const wire::HttpRequest& request);

  // What POST /populate does with a file of proxies: its sentence where it does not.
  base::Result<std::size_t> populate_from(std::string_view json);

 private:
  wire::HttpReply list();
  wire::HttpReply create(std::string_view body);
  wire::HttpReply populate(std::string_view body);
  wire::HttpReply proxy(const wire::HttpRequest& request, std::string_view name);
  wire::HttpReply toxics(const wire::HttpRequest& request, std::string_view name);
  wire::HttpReply toxic(const wire::HttpRequest& request, std::string_view name, std::string_view toxic);
  wire::HttpReply add_toxic(std::string_view name, std::string_view body);
  wire::HttpReply change_toxic(std::string_view name, const FaultState& state, std::string_view body);

  Switchboard& board_;
  std::string version_;
};

}  // namespace stormproof::run

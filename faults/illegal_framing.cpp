#include "faults/illegal_framing.h"

#include <fmt/format.h>

namespace stormproof::faults {
namespace {

// An answer without a body gets one: without it there would be nothing to frame.
constexpr std::string_view some_body = "stormproof: an injected body\n";

}  // namespace

wire::Delivery framed_illegally(const Message& response, IllegalFraming how) {
  Message broken = response;
  broken.unframe();
  const std::string body = response.body.empty() ? std::string(some_body) : response.body;
  std::string sent;
  switch (how) {
    case IllegalFraming::length_and_chunked:
      broken.set("Content-Length", std::to_string(body.size() + 2));
      broken.set("Transfer-Encoding", "chunked");
      sent = "\r\n" + body;  // no size of a chunk, whatever the body begins with
      break;
    case IllegalFraming::two_lengths:
      broken.fields.push_back({"Content-Length", std::to_string(body.size())});
      broken.fields.push_back({"Content-Length", std::to_string(body.size() + 1)});
      sent = body;
      break;
    case IllegalFraming::cut_chunk:
      broken.set("Transfer-Encoding", "chunked");
      sent = fmt::format("{:x}\r\n{}", body.size() + 1, body.substr(0, (body.size() + 1) / 2));
      break;
    case IllegalFraming::bad_chunk_size:
      broken.set("Transfer-Encoding", "chunked");
      sent = fmt::format("zz\r\n{}\r\n0\r\n\r\n", body);
      break;
  }
  return {.pieces = {{.bytes = broken.head() + sent}},
          .status = static_cast<std::uint16_t>(response.status()),
          .ending = wire::Delivery::Ending::close};
}

}  // namespace stormproof::faults

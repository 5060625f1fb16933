#include "harness/proxy/fault_api.h"

namespace stormproof::proxy {

std::optional<wire::HttpReply> FaultApi::answer(const wire::HttpRequest&) {
  static_cast<void>(board_);
  return std::nullopt;
}

}  // namespace stormproof::proxy

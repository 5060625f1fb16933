#include "harness/proxy/admin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stormproof::proxy {
namespace {

using wire::HttpReply;
using wire::HttpRequest;
using wire::plain_reply;
namespace ip = wire::asio::ip;

constexpr std::string_view index_page =
    "stormproof: administration\n"
    "\n"
    "/metrics   counts and durations, for Prometheus\n"
    "/healthz   200: the process lives\n"
    "/readyz    200: every worker answers, and the proxy does not drain";

// "::ffff:1.2.3.4" is 1.2.3.4.
ip::address plain(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

// A socket on this address takes connections to the other one, too.
bool covers(const ip::address& all, const ip::address& one) {
  return all.is_unspecified() && (all.is_v6() || one.is_v4());
}

}  // namespace

Admin::Admin(wire::IoContext& io, AdminInputs inputs)
    : inputs_(std::move(inputs)), roll_call_(io, std::move(inputs_.workers)) {}

base::Result<std::unique_ptr<Admin>> Admin::open(wire::IoContext& io, const wire::Endpoint& listen,
                                                 AdminInputs inputs) {
  std::unique_ptr<Admin> admin(new Admin(io, std::move(inputs)));
  auto server = wire::HttpServer::open(
      io, listen, [self = admin.get()](const HttpRequest& request) { return self->answer(request); });
  if (!server) return std::unexpected(server.error());
  admin->server_ = std::move(*server);
  return admin;
}

base::Task<HttpReply> Admin::answer(const HttpRequest& request) {
  if (inputs_.more) {
    if (auto reply = inputs_.more(request)) co_return std::move(*reply);
  }
  const std::string_view path = request.path;
  if (path != "/" && path != "/metrics" && path != "/healthz" && path != "/readyz")
    co_return plain_reply(404, "there is nothing here; GET / tells what there is");
  if (request.method != "GET" && request.method != "HEAD") {
    HttpReply reply = plain_reply(405, "only GET and HEAD are answered here");
    reply.fields.push_back({"Allow", "GET, HEAD"});
    co_return reply;
  }
  if (path == "/metrics")
    co_return HttpReply{.content_type = std::string(metrics_content_type),
                        .body = metrics_text(co_await inputs_.metrics())};
  if (path == "/readyz") co_return co_await readiness();
  co_return plain_reply(200, path == "/" ? index_page : "ok");
}

base::Task<HttpReply> Admin::readiness() {
  if (inputs_.draining()) co_return plain_reply(503, "not ready: draining");
  const std::vector<std::size_t> silent = co_await roll_call_.call(ready_within);
  if (inputs_.draining()) co_return plain_reply(503, "not ready: draining");
  if (!silent.empty()) {
    co_return plain_reply(503, fmt::format("not ready: no answer within {} s from worker {}", ready_within.count(),
                                           fmt::join(silent, ", ")));
  }
  co_return plain_reply(200, "ready");
}

base::Result<void> check_admin_address(const wire::Endpoint& admin, std::span<const wire::Endpoint> others) {
  for (const wire::Endpoint& other : others) {
    const ip::address a = plain(admin.address());
    const ip::address b = plain(other.address());
    if (admin.port() == 0 || admin.port() != other.port() || (a != b && !covers(a, b) && !covers(b, a))) continue;
    return base::fail(
        fmt::format("the administration cannot listen on {}: {} is public, and what it tells is not; give it a port "
                    "or an address of its own",
                    wire::to_string(admin), wire::to_string(other)));
  }
  return {};
}

}  // namespace stormproof::proxy

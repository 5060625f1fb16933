// `stormproof proxy` as its operator meets it: a file, its mistakes, a reload, an end in order.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "tests/e2e/program.h"
#include "tests/support/files.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/raw_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/waiting.h"

namespace stormproof::e2e {
namespace {

using support::RawConnection;
using support::RawServer;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

// Answers each request with its name.
RawServer::Play named(std::string name) {
  return [name](RawConnection& peer) {
    const std::string answer = fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", name.size(), name);
    while (peer.read_until("\r\n\r\n", std::chrono::seconds(30)) && peer.send(answer)) {
    }
  };
}

class Proxy : public ::testing::Test {
 protected:
  std::filesystem::path file(std::string_view name) const { return folder_.path() / name; }
  void write_config(const std::string& rest) {
    ASSERT_TRUE(
        support::write_file(file("proxy.yaml"), fmt::format("version: 1\nlisten: 127.0.0.1:{}\n{}\n", port_, rest)));
  }
  static std::string upstream(const RawServer& server, int weight) {
    return fmt::format("{{url: \"http://127.0.0.1:{}\", weight: {}}}", server.port(), weight);
  }
  support::Process start() {
    support::Process process = start_stormproof({"proxy", "--config", file("proxy.yaml").string()});
    EXPECT_TRUE(process.wait_until_listening(port_)) << process.err();
    return process;
  }
  bool says(const support::Process& process, std::string_view what) const {
    return support::eventually(std::chrono::seconds(10), [&] { return process.err().contains(what); });
  }
  std::string ask(std::string_view headers = "") const {
    const auto answer = support::http(port_, "/a", {.headers = headers});
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().to_string());
    return answer ? answer->body : "";
  }
  static void end(support::Process& process, int signal = SIGTERM) {
    process.signal(signal);
    EXPECT_EQ(process.exit_code_within(std::chrono::seconds(20)), 0) << process.err();
  }

  support::TempDir folder_;
  std::uint16_t port_ = support::free_port();
  RawServer stable_{named("stable")};
  RawServer canary_{named("canary")};
};

TEST_F(Proxy, SplitsByWeightOverWorkersAndSaysAtTheEndWhatItRelayed) {
  write_config(fmt::format("upstreams: [{}, {}]\nworkers: 2", upstream(stable_, 3), upstream(canary_, 1)));
  support::Process process = start();
  std::map<std::string, int> counts;
  for (int i = 0; i < 80; ++i) ++counts[ask()];
  // Each worker's turns are exact: at most one off for each.
  EXPECT_NEAR(counts["canary"], 20, 2);
  EXPECT_EQ(counts["stable"] + counts["canary"], 80);
  end(process);
  EXPECT_THAT(process.err(), HasSubstr("        80  exchanges relayed"));
}

TEST_F(Proxy, AStickyClientStaysAfterARestart) {
  write_config(
      fmt::format("upstreams: [{}, {}]\nsticky: {{cookie: user}}", upstream(stable_, 1), upstream(canary_, 1)));
  std::map<int, std::string> first;
  for (int life = 0; life < 2; ++life) {
    support::Process process = start();
    for (int user = 0; user < 12; ++user) {
      const std::string answer = ask(fmt::format("Cookie: user={}\r\n", user));
      EXPECT_EQ(first.emplace(user, answer).first->second, answer);
    }
    end(process);
  }
  EXPECT_TRUE(std::ranges::any_of(first, [&](const auto& one) { return one.second != first[0]; }));
}

TEST_F(Proxy, ABlueGreenSwitchOnSighupLosesNoRequest) {
  write_config(fmt::format("upstreams: [{}]", upstream(stable_, 1)));
  support::Process process = start();
  auto client = RawConnection::connect(port_);
  ASSERT_TRUE(client);
  std::string seen;
  const auto ask_on = [&] {
    EXPECT_TRUE(client->send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    const auto head = client->read_until("\r\n\r\n");
    EXPECT_TRUE(head);
    const auto body = client->read(6);
    EXPECT_TRUE(body);
    seen = body ? *body : "";
  };
  ask_on();
  EXPECT_EQ(seen, "stable");
  write_config(fmt::format("upstreams: [{}]", upstream(canary_, 1)));
  process.signal(SIGHUP);
  // Under load all the time: every request is answered, by the one or the other, and in the end by the new one.
  for (int i = 0; i < 100'000 && seen != "canary"; ++i) ask_on();
  EXPECT_EQ(seen, "canary");
  EXPECT_TRUE(says(process, "reloaded"));
  end(process);
}

TEST_F(Proxy, AReloadWithAMistakeChangesNothing) {
  write_config(fmt::format("upstreams: [{}]", upstream(stable_, 1)));
  support::Process process = start();
  write_config("upstreams: [{ulr: \"http://127.0.0.1:1\"}]");
  process.signal(SIGHUP);
  EXPECT_TRUE(says(process, "not reloaded: the file has mistakes; it goes on as before"));
  EXPECT_THAT(process.err(), HasSubstr("did you mean 'url'?"));
  EXPECT_EQ(ask(), "stable");
  write_config(fmt::format("upstreams: [{}]\nworkers: 3", upstream(canary_, 1)));
  process.signal(SIGHUP);
  EXPECT_TRUE(says(process, "a change of workers needs a restart"));
  EXPECT_EQ(ask(), "canary");
  end(process, SIGINT);
}

TEST_F(Proxy, RecordsAndShadowsOverWorkers) {
  write_config(fmt::format(
      "upstreams: [{}]\nworkers: 2\nrecord: {{out: \"{}\"}}\nshadow: {{url: \"http://127.0.0.1:{}\", off-above: 1h}}",
      upstream(stable_, 1), file("x.traffic").string(), canary_.port()));
  support::Process process = start();
  for (int i = 0; i < 30; ++i) EXPECT_EQ(ask(), "stable");
  end(process);
  EXPECT_THAT(process.err(), HasSubstr("        30  shadow: requests chosen"));
  EXPECT_THAT(process.err(), HasSubstr("        60  recorded"));
  const auto inspected = stormproof({"inspect", file("x.traffic").string(), "--json"});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_THAT(inspected.out, HasSubstr("shadow"));
}

TEST_F(Proxy, TellsWhatItDoesOnAnAddressOfItsOwnAndInALog) {
  const std::uint16_t admin = support::free_port();
  write_config(fmt::format(
      "upstreams: [{}]\nworkers: 2\nadmin: 127.0.0.1:{}\naccess-log: \"{}\"\n"
      "record: {{out: \"{}\"}}\nshadow: {{url: \"http://127.0.0.1:{}\", off-above: 1h}}",
      upstream(stable_, 1), admin, file("access.jsonl").string(), file("x.traffic").string(), canary_.port()));
  support::Process process = start();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(), "stable");
  const auto get = [&](std::string_view path) {
    const auto answer = support::http(admin, path);
    return answer ? *answer : support::Answer{};
  };
  EXPECT_TRUE(support::eventually(std::chrono::seconds(10), [&] { return get("/readyz").status == 200; }));
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/nowhere").status, 404);
  EXPECT_NE(support::http(port_, "/metrics")->body.find("stable"), std::string::npos) << "never on the public address";
  const auto has = [&](std::string_view line) {
    return support::eventually(std::chrono::seconds(10), [&] { return get("/metrics").body.contains(line); });
  };
  EXPECT_TRUE(has("stormproof_exchanges_total{outcome=\"answered\"} 21\n")) << get("/metrics").body;
  EXPECT_TRUE(has("42\n")) << get("/metrics").body;
  write_config(fmt::format("upstreams: [{}]", upstream(canary_, 1)));
  process.signal(SIGHUP);
  EXPECT_TRUE(says(process, "a change of workers, record, admin, access-log needs a restart"));
  EXPECT_EQ(ask(), "canary");
  end(process);
  const auto log = support::read_file(file("access.jsonl"));
  ASSERT_TRUE(log);
  EXPECT_EQ(std::ranges::count(*log, '\n'), 22);
}

TEST_F(Proxy, AnAdminAddressThatIsThePublicOneIsRefused) {
  write_config(fmt::format("upstreams: [{}]\nadmin: 127.0.0.1:{}", upstream(stable_, 1), port_));
  const auto refused = stormproof({"proxy", "--config", file("proxy.yaml").string()});
  EXPECT_EQ(refused.exit_code, 4);
}

TEST_F(Proxy, TcpModeCarriesAnyProtocolAndRecordsItsBytes) {
  RawServer greeter([](RawConnection& peer) {
    if (!peer.send("+OK ready\r\n")) return;  // who only looked whether it listens has gone
    const auto said = peer.read_to_end();
    EXPECT_THAT(said ? *said : "", ::testing::AnyOf("", "QUIT\r\n"));
  });
  write_config(fmt::format("upstreams: [{}]\ntcp: true\nrecord: {{out: \"{}\"}}", upstream(greeter, 1),
                           file("x.traffic").string()));
  support::Process process = start();
  {
    auto client = RawConnection::connect(port_);
    ASSERT_TRUE(client);
    EXPECT_EQ(*client->read(11), "+OK ready\r\n");
    EXPECT_TRUE(client->send("QUIT\r\n"));
    client->end_sending();
    EXPECT_EQ(*client->read_to_end(), "");
  }
  end(process);
  const auto inspected = stormproof({"inspect", file("x.traffic").string()});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_THAT(process.err(), HasSubstr("recorded, "));
  EXPECT_THAT(inspected.out, HasSubstr("complete"));
  EXPECT_THAT(inspected.out, HasSubstr("tcp"));
  const auto segments = stormproof({"inspect", "--segments", file("x.traffic").string()});
  EXPECT_EQ(segments.exit_code, 0) << segments.err;
  EXPECT_THAT(segments.out, ContainsRegex("\tupstream\t11\n.*\tclient\t6\n"));
}

TEST_F(Proxy, AddsLinesWhereAsked) {
  RawServer echo([](RawConnection& peer) {
    const auto head = peer.read_until("\r\n\r\n");
    if (head) [[maybe_unused]]
      const auto sent = peer.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", head->size(), *head));
  });
  write_config(fmt::format("upstreams: [{}]\nadd: {{via: edge, x-forwarded: true, trace: true}}", upstream(echo, 1)));
  support::Process process = start();
  const std::string head = ask();
  EXPECT_THAT(head, HasSubstr("Via: 1.1 edge\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Forwarded-For: 127.0.0.1\r\n"));
  EXPECT_THAT(head, HasSubstr("traceparent: 00-"));
  end(process);
}

TEST_F(Proxy, BadInputIsToldAndHasItsExitCode) {
  const auto missing = stormproof({"proxy", "--config", file("none.yaml").string()});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("cannot open the configuration: No such file or directory"));
  EXPECT_EQ(stormproof({"proxy"}).exit_code, 2);
  EXPECT_EQ(stormproof({"proxy", "--listen", "127.0.0.1:0"}).exit_code, 2);
  const auto taken = stormproof({"proxy", "--listen", fmt::format("127.0.0.1:{}", stable_.port()), "--upstream",
                                 fmt::format("http://127.0.0.1:{}", canary_.port())});
  EXPECT_EQ(taken.exit_code, 4);
  EXPECT_THAT(taken.err, HasSubstr("Address already in use"));
  write_config(fmt::format("upstreams: [{{url: \"http://127.0.0.1:{}\"}}]", port_));
  const auto itself = stormproof({"proxy", "--config", file("proxy.yaml").string()});
  EXPECT_EQ(itself.exit_code, 4);
  EXPECT_THAT(itself.err, HasSubstr("it would call itself"));
}

}  // namespace
}  // namespace stormproof::e2e

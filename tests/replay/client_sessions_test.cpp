#include "replay/client_sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/replay/linked_traffic.h"

namespace stormproof::replay {
namespace {

using testing::ElementsAre;

std::vector<std::uint32_t> sessions(const LinkedTraffic& traffic) {
  ClientSessions clients;
  for (const Exchange& exchange : traffic.exchanges()) clients.add(exchange);
  return clients.assign();
}

TEST(ClientSessionsTest, AConnectionIsOneClientWhereNothingElseIsSaid) {
  LinkedTraffic traffic;
  traffic.get("/", "200", "", 1);
  traffic.get("/", "200", "", 2);
  traffic.get("/", "200", "", 1);
  traffic.get("/", "200", "", 0);
  traffic.get("/", "200", "", 0);
  EXPECT_THAT(sessions(traffic), ElementsAre(1, 2, 1, 3, 4));
}

TEST(ClientSessionsTest, ACookieJoinsConnectionsAndItsRotationJoinsBothValues) {
  LinkedTraffic traffic;
  traffic.get("/login", "200\nSet-Cookie: sid=a1", "", 1);
  traffic.get("/x\nCookie: sid=a1", "200\nSet-Cookie: sid=a2", "", 2);
  traffic.get("/y\nCookie: lang=en; sid=a2", "200", "", 3);
  traffic.get("/y\nCookie: sid=b1", "200", "", 4);
  EXPECT_THAT(sessions(traffic), ElementsAre(1, 1, 1, 2));
}

TEST(ClientSessionsTest, AConnectionThatABalancerSharesJoinsNobody) {
  LinkedTraffic traffic;
  traffic.get("/\nCookie: sid=a1", "200", "", 1);
  traffic.get("/\nCookie: sid=b1", "200", "", 1);
  traffic.get("/", "200", "", 1);
  traffic.get("/\nCookie: sid=a1", "200", "", 1);
  EXPECT_THAT(sessions(traffic), ElementsAre(1, 2, 3, 1));
}

TEST(ClientSessionsTest, CredentialsJoinButNotTwoSessionsOfOneKey) {
  LinkedTraffic traffic;
  traffic.get("/\nAuthorization: Bearer t1", "200", "", 1);
  traffic.get("/\nAuthorization: Bearer t1", "200", "", 2);
  EXPECT_THAT(sessions(traffic), ElementsAre(1, 1));
  LinkedTraffic shared;
  shared.get("/\nAuthorization: Basic c3RhZ2luZw==\nCookie: sid=a1", "200", "", 1);
  shared.get("/\nAuthorization: Basic c3RhZ2luZw==\nCookie: sid=b1", "200", "", 2);
  EXPECT_THAT(sessions(shared), ElementsAre(1, 2));
}

TEST(ClientSessionsTest, WhoeverWasGivenACredentialIsWhoeverUsesIt) {
  LinkedTraffic traffic;
  traffic.add("POST /token", "", "200", "{}", 1);
  traffic.get("/\nAuthorization: Bearer t1", "200", "", 2);
  ClientSessions clients;
  for (const Exchange& exchange : traffic.exchanges()) clients.add(exchange);
  clients.gave_credential(0, "t1");
  EXPECT_THAT(clients.assign(), ElementsAre(1, 1));
}

TEST(ClientSessionsTest, WhatSeveralAreGivenIsNoOnes) {
  LinkedTraffic traffic;
  traffic.get("/", "200\nSet-Cookie: variant=k9XQ2mZr7Lw0pTfB", "", 1);
  traffic.get("/", "200\nSet-Cookie: variant=k9XQ2mZr7Lw0pTfB", "", 2);
  traffic.get("/\nCookie: variant=k9XQ2mZr7Lw0pTfB", "200", "", 1);
  traffic.get("/\nCookie: variant=k9XQ2mZr7Lw0pTfB", "200", "", 2);
  EXPECT_THAT(sessions(traffic), ElementsAre(1, 2, 1, 2));
}

TEST(ClientSessionsTest, TheClientsAddressIsBetterThanTheBalancersConnection) {
  LinkedTraffic traffic;
  traffic.get("/\nX-Forwarded-For: 10.0.0.1, 10.9.9.9\nUser-Agent: a", "200", "", 1);
  traffic.get("/\nX-Forwarded-For: 10.0.0.2\nUser-Agent: a", "200", "", 1);
  traffic.get("/\nX-Forwarded-For: 10.0.0.1\nUser-Agent: a", "200", "", 2);
  traffic.get("/\nX-Forwarded-For: 10.0.0.1\nUser-Agent: b", "200", "", 3);
  EXPECT_THAT(sessions(traffic), ElementsAre(1, 2, 1, 3));
}

TEST(ClientSessionsTest, WhatTheCaptureSaysIsBelievedFirst) {
  LinkedTraffic traffic;
  traffic.get("/\nCookie: sid=a1", "200", "", 1).session = 7;
  traffic.get("/\nCookie: sid=a1", "200", "", 1).session = 8;
  traffic.get("/\nCookie: sid=z9", "200", "", 2).session = 7;
  EXPECT_THAT(sessions(traffic), ElementsAre(1, 2, 1));
}

}  // namespace
}  // namespace stormproof::replay

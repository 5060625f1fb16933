// BalancerSimulation: a service whose calls go to several replicas of a dependency, one of which fails and comes back.
//
// Pure: one Balancer gives one log. Right, or with a seeded defect; any way of choosing, any threshold, retries on the next.
#pragma once

#include "tests/verify/run_log.h"

namespace stormproof::verify::simulation {

enum class Balancing : std::uint8_t {
  right,
  never_leaves,
  leaves_late,        // 5 s later than it should
  tries_again_often,  // every 20 ms
  leaks_some,         // one call in 20
  drops_its_share,    // what would have gone to the hurt replica goes nowhere
  never_returns,
};

enum class Choice : std::uint8_t { in_turn, by_chance, weighted };  // weighted: the one that is hurt gets `weight`

struct Balancer {
  int seed = 1;
  Balancing how = Balancing::right;
  Choice choice = Choice::in_turn;
  double weight = 0.3;
  double per_second = 150;
  int replicas = 2;
  int failures = 3;  // in a row, until a replica is left
  bool hangs = false;
  bool poisson = true;
  bool traced = true;
  double background = 0;       // share of good calls that fail anyway
  double missing = 0;          // share of good calls that are answered with 404
  double spread = 0.3;         // of latencies
  double checks_every_ms = 0;  // health checks of each replica
  double down_ms = 4000;       // as nginx's fail_timeout
  double timeout_ms = 200;
};

std::string replica_name(int replica);
Balancer drawn_balancer(int seed);

// The one that is hurt is replica 0. What a right one keeps: in the outage, and in the phase after it.
scenarios::FailoverExpectation leaving_claim(const Balancer& balancer);
scenarios::FailoverExpectation returning_claim(const Balancer& balancer);

RunLog simulate(const Balancer& balancer);

}  // namespace stormproof::verify::simulation

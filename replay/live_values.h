// Live values: at replay, the values that the live target gave in the place of those that the recorded one gave.
//
// A request that sends a value of an earlier answer waits until that answer has come (no other request waits), and gets
// the value that stands now where the recorded one stood. Cookies are followed as a browser does: what a live answer set is what the
// session sends from then on, under names that the recorded target did not know, too. Each repetition of the
// capture is another set of clients. Where a live answer gave no such value, the request goes out with the recorded one,
// and is counted by cause: an outage of one source shows as the failures that it causes. One thread, that of the sender.
//
// Memory: the plan (some 300 bytes a link) and the live values of the sessions under way.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "harness/base/histogram.h"
#include "replay/links.h"
#include "replay/response_values.h"
#include "replay/rewriter.h"

namespace stormproof::replay {

struct Script;

struct LinkCounts {
  std::uint64_t dependents = 0;     // requests that went out and send a value of an earlier answer
  std::uint64_t replaced = 0;       // values that were put in the place of others
  std::uint64_t unchanged = 0;      // values that the live answer gave again as recorded
  std::uint64_t cookies_added = 0;  // that the recorded target had not set
  std::uint64_t incomplete = 0;     // dependents sent with at least one recorded value, for want of a live one
  std::map<std::string, std::uint64_t> missing;  // such values by cause
  std::uint64_t late = 0;                        // dependents whose instant came before their source's answer
  base::Histogram lateness;                      // by how much they went out late
};

std::string to_text(const LinkCounts& counts);  // lines for a person
std::string to_json(const LinkCounts& counts);  // an object

class LiveValues final : public Rewriter {
 public:
  // `sent`: the ids of all exchanges that will be sent, once a repetition. Values of others stay as recorded.
  LiveValues(const Links& links, const std::vector<std::uint64_t>& sent);

  bool ready(const Shot& shot) override;
  void rewrite(const Shot& shot, Outgoing& outgoing) override;
  bool wants_answer(const Shot& shot) override;
  void on_end(const Shot& shot, const events::Exchange& event, const Answer* answer) override;

  // Requests of one group may wait for each other: a session, or several that pass values on. 0: an exchange that is not known.
  std::uint64_t group_of(std::uint64_t exchange) const;

  // Whether it sends what an earlier answer gave.
  bool depends(std::uint64_t exchange) const;

  const LinkCounts& counts() const { return counts_; }

 private:
  struct Use {
    std::uint32_t link = 0;
    std::string place;
  };
  struct Plan {
    std::uint32_t session = 0;
    std::uint32_t group = 0;
    std::vector<std::uint32_t> gives;  // links
    std::vector<Use> uses;
  };
  struct Source {
    std::uint64_t exchange = 0;
    Place place;
    std::string recorded;
    bool sent = true;  // its exchange will be sent
  };
  struct Cookie {
    std::string name;
    std::string value;
    std::string path;
  };
  struct Live {
    bool given = false;
    std::string value;
    std::string trouble;  // why it was not given
  };
  // One group in one repetition.
  struct State {
    std::unordered_map<std::uint32_t, Live> live;                    // by link, once its source has ended
    std::unordered_map<std::uint32_t, std::vector<Cookie>> cookies;  // by session
    std::unordered_set<std::uint64_t> late;                          // exchanges that waited
    std::uint32_t ended = 0;
  };
  struct Rewriting;

  const Plan* plan_of(const Shot& shot) const;
  State& state_of(const Shot& shot, const Plan& plan) { return states_[{shot.loop, plan.group}]; }
  void join_groups(const Links& links);
  void take_values(State& state, const Plan& plan, const Shot& shot, const events::Exchange& event,
                   const Answer* answer) const;
  void keep_cookies(State& state, const Plan& plan, std::string_view head);
  bool follows_cookies(std::uint32_t session) const { return cookie_sessions_.contains(session); }
  void replace_values(Rewriting& rewriting) const;
  void replace_cookies(Rewriting& rewriting) const;
  void add_cookies(Rewriting& rewriting, std::string& fields);

  std::vector<Source> sources_;                    // by link
  std::unordered_map<std::uint64_t, Plan> plans_;  // by exchange
  std::unordered_map<std::uint32_t, std::uint32_t> group_sizes_;
  std::unordered_set<std::uint32_t> cookie_sessions_;     // that send cookies
  std::unordered_set<std::uint32_t> following_sessions_;  // that send back what they are given
  std::unordered_map<std::uint32_t, std::unordered_set<std::string>>
      recorded_cookies_;  // set by recorded answers, by session
  std::map<std::pair<std::uint64_t, std::uint32_t>, State> states_;
  LinkCounts counts_;
};

base::Result<Links> links_of(const Script& script);
std::vector<std::uint64_t> ids_of(const Script& script);  // of all that it sends

// For what a script sends, by the links of its capture.
base::Result<std::unique_ptr<LiveValues>> live_values_of(const Script& script);

// Shots whose session is the group in which they may wait for each other. What they stand on outlives them.
class GroupedShots final : public ShotSource {
 public:
  GroupedShots(ShotSource& shots, const LiveValues& values) : shots_(shots), values_(values) {}
  std::optional<Shot> next() override {
    auto shot = shots_.next();
    if (shot) shot->session = values_.group_of(shot->exchange);
    return shot;
  }

 private:
  ShotSource& shots_;
  const LiveValues& values_;
};

}  // namespace stormproof::replay

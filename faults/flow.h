// Flow: one direction of a connection, with the obstacles that stand on it, one behind the other.
//
// Bytes go in at one end (put), and what may leave stands at the other (out). Nothing here waits or knows of sockets: run()
// moves what may move at an instant and says when to call it again. An obstacle may come, change and go at any time:
// what it held goes on to the next one, in order. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "faults/obstacle.h"

namespace stormproof::faults {

// What an obstacle has done to its flow, as it really was.
struct Toll {
  std::uint64_t passed = 0;  // bytes
  std::uint64_t cut = 0;     // bytes that came and will never pass
  std::uint64_t waiting = 0;
  base::Nanoseconds delayed{0};  // the longest
  bool acted = false;

  Toll& operator+=(const Toll& other);
};

class Flow {
 public:
  // Nothing stands on it and nothing is held: bytes may go by.
  bool plain() const { return places_.empty() && !busy(); }
  // Something is held, or an end that was not taken.
  bool busy() const;
  // An obstacle keeps every end from the other side, also that of the whole connection.
  bool silent() const;
  // Changes with all that comes, goes or is moved on.
  std::uint64_t moves() const;

  // What may be put in before the sender should wait.
  std::size_t room() const { return first().room(); }
  void put(std::string bytes, Instant now);
  void end(End end) { first().end(std::move(end)); }

  // Gives back when to call it again at the latest.
  Instant run(Instant now);
  Segments& out() { return last_; }

  // Behind those that stand already; where one of that name stands, in its place.
  void set(const std::string& name, std::unique_ptr<Obstacle> obstacle);
  // True: there was one. What the connection must suffer for it stands at the flow's end then.
  bool withdraw(const std::string& name, Instant now);
  std::vector<std::string> names() const;
  // Of the one of that name; all zero: there is none.
  Toll toll(const std::string& name) const;

  // Called from run(), once for each obstacle that has acted.
  std::function<void(const std::string& name, const Obstacle&)> on_act;

 private:
  struct Standing {
    std::string name;
    Segments in;
    std::unique_ptr<Obstacle> obstacle;
    bool told = false;
    Toll toll = {};
  };

  Segments& first() { return places_.empty() ? last_ : places_.front()->in; }
  const Segments& first() const { return places_.empty() ? last_ : places_.front()->in; }
  Segments& after(std::size_t place) { return place + 1 < places_.size() ? places_[place + 1]->in : last_; }

  std::vector<std::unique_ptr<Standing>> places_;
  Segments last_{Obstacle::holds_by_default};
};

}  // namespace stormproof::faults

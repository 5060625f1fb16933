// Link: one connection that stream faults may be on. The inside of the stream injector.
//
// It rides on the connection, puts the layer on it when the first fault comes, and tells each decision once.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults/fault_layer.h"
#include "faults/stream_injector.h"

namespace stormproof::faults {

class StreamInjector::Link final : public wire::Rider, private FaultLayer::Owner {
 public:
  Link(StreamInjector& injector, wire::Connection& connection, Place place, std::uint64_t number);
  ~Link() override;

  wire::Connection& connection() { return connection_; }
  bool is_hurt() const;
  std::optional<events::NameId> cut_by() const override { return cut_by_; }
  std::optional<Hurt> hurt() const override;

  // The connection to whose other side all of this one's bytes go.
  void join(Link& peer);
  // The fault stands, or stands changed. `fresh`: the connection has just come.
  void meet(const StreamFault& fault, bool fresh);
  // It does no longer; StreamInjector::find() still knows it.
  void part(const std::string& name);

 private:
  // What one fault has done here so far.
  struct Deed {
    StreamFault fault;
    bool stands = false;  // else the connection was spared
    bool capped = false;  // it was drawn, and too many others were hurt
    Instant since{};      // of the first effect
    base::Time at{};      // the same, as the log has it
    bool acted = false;
    Toll toll = {};
  };

  Deed* deed_of(const std::string& name);
  // True: something stands on the connection now.
  bool put_up(const StreamFault& fault, bool fresh);
  void take_toll(Deed& deed) const;
  void take_down(Deed& deed);
  void tell(const Deed& deed);
  // What the client's connection brings goes upstream; what the upstream's brings comes from there.
  Flow& flow(Direction direction) const;
  std::unique_ptr<Obstacle> obstacle(const StreamFault& fault, bool fresh) const;
  void wrap();
  void on_act(const std::string& name);
  void on_cut(End::Kind kind) override;
  void on_end_by_fault() override { spoilt(); }
  void on_layer_ends() override;
  void spoilt();

  StreamInjector& injector_;
  wire::Connection& connection_;
  Place place_;
  std::uint64_t number_;
  std::list<Link*>::iterator at_;
  FaultLayer* layer_ = nullptr;  // the connection's
  Link* peer_ = nullptr;
  std::vector<Deed> deeds_;
  std::string last_acted_;
  std::optional<events::NameId> cut_by_;
};

}  // namespace stormproof::faults

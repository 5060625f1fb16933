// Hold: what the rules that fired do to one exchange, and what became of it. The inside of the injector.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "faults/injector.h"
#include "faults/message.h"
#include "harness/wire/intercept.h"

namespace stormproof::faults {

class Injector::Hold final : public wire::Interception {
 public:
  Hold(Injector& injector, const wire::RequestSight& request, std::vector<Fired> fired);
  ~Hold() override;

  // The faults were healed: every wait ends at once, and what its rules had left is off.
  void let_go();

  events::NameId rule() const override { return deeds_.front().fired.memory->name; }
  bool wants_request() const override;
  void request(std::string_view raw, bool whole) override;
  base::Task<Decision> before_upstream(wire::Pause& pause) override;
  Wish response_wish() const override;
  base::Task<> before_response() override;
  std::optional<wire::Delivery> response(std::string_view raw) override;
  void ended(const events::Exchange& exchange, std::uint64_t sent) override;

 private:
  // What one rule has done so far; told to the sink once.
  struct Deed {
    Fired fired;
    events::Effect effect = events::Effect::nothing;
    base::Nanoseconds delayed{0};
    std::uint16_t status = 0;
    std::uint64_t cut = 0;
    bool sends = false;  // a Delivery of its making went out
    std::string why = {};  // there is no effect
    bool told = false;
  };

  base::Task<bool> wait(Deed& deed);
  void tell(Deed& deed, std::uint64_t sent = 0);
  void change_request();
  void change(Deed& deed, Message& response);
  std::optional<wire::Delivery> broken(Deed& deed, const Message& response);

  Injector& injector_;
  std::shared_ptr<Force> force_;  // keeps the rules alive when the plan is exchanged
  std::vector<Deed> deeds_;
  wire::Pause* pause_ = nullptr;
  bool let_go_ = false;
  bool holds_request_ = false;  // some rule changes it
  bool request_whole_ = true;
  std::string request_;  // raw: its head, or all of it
  std::uint64_t number_;
  std::uint64_t call_;
  bool to_head_;
};

}  // namespace stormproof::faults

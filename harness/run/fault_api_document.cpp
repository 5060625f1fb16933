// The OpenAPI document of FaultApi.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "faults/stream_fault_json.h"
#include "harness/run/fault_api.h"

namespace stormproof::run {
namespace {

// Where a schema of one fault's type is put in, and the list of them.
constexpr std::string_view document = R"({
  "openapi": "3.1.0",
  "info": {
    "title": "stormproof proxy: faults by hand",
    "version": "1",
    "description": "Proxies and the faults on the bytes that they pass on. Durations are like \"250ms\", bytes like \"64KiB\" or a number, shares like \"10%\" or 0.1. Errors are {\"error\": sentence}."
  },
  "paths": {
    "/v1/openapi.json": {"get": {"summary": "This document", "responses": {"200": {"description": "It"}}}},
    "/v1/proxies": {
      "get": {"summary": "All proxies", "responses": {"200": {"description": "They", "content": {"application/json": {"schema": {"type": "object", "properties": {"proxies": {"type": "array", "items": {"$ref": "#/components/schemas/proxy"}}}}}}}}},
      "post": {"summary": "Make a proxy with its faults: all or nothing", "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/proxy"}}}}, "responses": {"201": {"$ref": "#/components/responses/proxy"}, "400": {"$ref": "#/components/responses/error"}, "409": {"$ref": "#/components/responses/error"}, "500": {"$ref": "#/components/responses/error"}}}
    },
    "/v1/proxies/{proxy}": {
      "parameters": [{"$ref": "#/components/parameters/proxy"}],
      "get": {"summary": "One proxy", "responses": {"200": {"$ref": "#/components/responses/proxy"}, "404": {"$ref": "#/components/responses/error"}}},
      "patch": {"summary": "Change where it listens, its upstream, or whether it is enabled; what is not said stays", "requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {"listen": {"type": "string"}, "upstream": {"type": "string"}, "enabled": {"type": "boolean"}}, "additionalProperties": false}}}}, "responses": {"200": {"$ref": "#/components/responses/proxy"}, "400": {"$ref": "#/components/responses/error"}, "404": {"$ref": "#/components/responses/error"}, "500": {"$ref": "#/components/responses/error"}}},
      "delete": {"summary": "End it", "responses": {"204": {"description": "Done"}, "404": {"$ref": "#/components/responses/error"}}}
    },
    "/v1/proxies/{proxy}/faults": {
      "parameters": [{"$ref": "#/components/parameters/proxy"}],
      "get": {"summary": "Its faults, in the order in which bytes meet them", "responses": {"200": {"description": "They"}, "404": {"$ref": "#/components/responses/error"}}},
      "post": {"summary": "Add a fault, to live connections and those to come", "requestBody": {"$ref": "#/components/requestBodies/fault"}, "responses": {"201": {"$ref": "#/components/responses/fault"}, "400": {"$ref": "#/components/responses/error"}, "404": {"$ref": "#/components/responses/error"}, "409": {"$ref": "#/components/responses/error"}}},
      "delete": {"summary": "Withdraw all its faults", "responses": {"204": {"description": "Done"}, "404": {"$ref": "#/components/responses/error"}}}
    },
    "/v1/proxies/{proxy}/faults/{fault}": {
      "parameters": [{"$ref": "#/components/parameters/proxy"}, {"$ref": "#/components/parameters/fault"}],
      "get": {"summary": "One fault", "responses": {"200": {"$ref": "#/components/responses/fault"}, "404": {"$ref": "#/components/responses/error"}}},
      "put": {"summary": "Set a fault, whether or not it stands", "requestBody": {"$ref": "#/components/requestBodies/fault"}, "responses": {"200": {"$ref": "#/components/responses/fault"}, "201": {"$ref": "#/components/responses/fault"}, "400": {"$ref": "#/components/responses/error"}, "404": {"$ref": "#/components/responses/error"}}},
      "patch": {"summary": "Change a fault; what is not said stays", "requestBody": {"$ref": "#/components/requestBodies/fault"}, "responses": {"200": {"$ref": "#/components/responses/fault"}, "400": {"$ref": "#/components/responses/error"}, "404": {"$ref": "#/components/responses/error"}}},
      "delete": {"summary": "Withdraw it: what it held goes on, in order", "responses": {"204": {"description": "Done"}, "404": {"$ref": "#/components/responses/error"}}}
    },
    "/v1/proxies/{proxy}/faults/{fault}/renew": {
      "parameters": [{"$ref": "#/components/parameters/proxy"}, {"$ref": "#/components/parameters/fault"}],
      "post": {"summary": "The fault's lease starts anew", "responses": {"200": {"$ref": "#/components/responses/fault"}, "400": {"$ref": "#/components/responses/error"}, "404": {"$ref": "#/components/responses/error"}}}
    },
    "/v1/heal": {"post": {"summary": "Withdraw every fault of every proxy", "responses": {"204": {"description": "Done"}}}}
  },
  "components": {
    "parameters": {
      "proxy": {"name": "proxy", "in": "path", "required": true, "schema": {"type": "string"}},
      "fault": {"name": "fault", "in": "path", "required": true, "schema": {"type": "string"}}
    },
    "requestBodies": {
      "fault": {"required": true, "content": {"application/json": {"schema": {"oneOf": [@refs@]}}}}
    },
    "responses": {
      "proxy": {"description": "The proxy", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/proxy"}}}},
      "fault": {"description": "The fault", "content": {"application/json": {"schema": {"oneOf": [@refs@]}}}},
      "error": {"description": "Why not", "content": {"application/json": {"schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}}}}
    },
    "schemas": {
      "proxy": {"type": "object", "required": ["name", "upstream"], "properties": {
        "name": {"type": "string"},
        "listen": {"type": "string", "default": "127.0.0.1:0", "description": "port 0: a free one"},
        "upstream": {"type": "string", "examples": ["127.0.0.1:9001"]},
        "protocol": {"enum": ["tcp", "http"], "default": "tcp"},
        "enabled": {"type": "boolean", "default": true, "description": "false: nothing listens, and its connections are closed"},
        "connections": {"type": "integer", "readOnly": true, "description": "open now"},
        "connections-total": {"type": "integer", "readOnly": true},
        "exchanges-total": {"type": "integer", "readOnly": true},
        "faults": {"type": "array", "items": {"oneOf": [@refs@]}}}},
      "distribution": {"type": "object", "additionalProperties": false, "properties": {
        "distribution": {"enum": ["fixed", "uniform", "normal", "lognormal", "pareto"], "default": "fixed"},
        "base": {"type": "string", "description": "fixed, uniform, normal: the middle; lognormal: p50; pareto: the scale"},
        "jitter": {"type": "string", "description": "uniform: base ± jitter; normal: the standard deviation"},
        "p99": {"type": "string", "description": "lognormal"},
        "shape": {"type": "number", "description": "pareto: the smaller, the heavier the tail", "default": 2},
        "at-most": {"type": "string", "default": "24h"}}},
      "fault": {"type": "object", "required": ["type"], "properties": {
        "name": {"type": "string", "description": "unique on its proxy; type and direction where none is given"},
        "type": {"enum": [@types@]},
        "direction": {"enum": ["upstream", "downstream"], "default": "downstream", "description": "of the bytes: to the upstream, or from it"},
        "place": {"enum": ["client", "upstream"], "default": "client", "description": "on the proxy's connection to its client, or to its upstream"},
        "share": {"oneOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}], "default": 1, "description": "of connections"},
        "lease": {"type": "string", "description": "it is withdrawn when it was not renewed within this time"},
        "lease-left": {"type": "string", "readOnly": true},
        "connections-hit": {"type": "integer", "readOnly": true, "description": "on which it has acted"}}},
      @schemas@
    }
  }
})";

std::string replace_all(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

}  // namespace

std::string FaultApi::openapi() {
  std::vector<std::string> refs;
  std::vector<std::string> types;
  for (const std::string_view type : faults::stream_fault_types()) {
    refs.push_back(fmt::format(R"({{"$ref": "#/components/schemas/{}"}})", type));
    types.push_back(fmt::format("\"{}\"", type));
  }
  std::string text(document);
  text = replace_all(std::move(text), "@refs@", fmt::format("{}", fmt::join(refs, ", ")));
  text = replace_all(std::move(text), "@types@", fmt::format("{}", fmt::join(types, ", ")));
  return replace_all(std::move(text), "@schemas@", faults::stream_fault_schemas());
}

}  // namespace stormproof::run

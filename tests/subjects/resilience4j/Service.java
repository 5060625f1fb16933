// A service under test, in Java: /checkout/:id calls payments through a breaker or a bulkhead of resilience4j, or asks its rate limiter.
//
// Each --defect is a mistake that people make with it; "none" is how it is meant. What the breaker does goes to --truth, one JSON
// object a line; only tests read that.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.ratelimiter.RateLimiter;
import io.github.resilience4j.ratelimiter.RateLimiterConfig;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

public final class Service {
  private final Map<String, String> options = new HashMap<>(Map.of(
      "port", "0", "kind", "breaker", "payments", "http://127.0.0.1:9001", "defect", "none", "truth", "",
      "sleep", "500", "timeout", "1000", "permits", "30", "period", "250", "calls", "10"));
  private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private Service(String[] arguments) {
    for (String argument : arguments) {
      String[] parts = argument.split("=", 2);
      String name = parts[0].replaceFirst("^--", "");
      if (parts.length != 2 || !options.containsKey(name)) throw new IllegalArgumentException("no option " + argument);
      options.put(name, parts[1]);
    }
  }

  private int number(String name) { return Integer.parseInt(options.get(name)); }
  private Duration milliseconds(String name) { return Duration.ofMillis(number(name)); }
  private boolean has(String defect) { return options.get("defect").equals(defect); }

  private synchronized void note(String state) {
    if (options.get("truth").isEmpty()) return;
    String line = "{\"at_ms\": " + System.currentTimeMillis() + ", \"state\": \"" + state + "\"}\n";
    try {
      Files.writeString(Path.of(options.get("truth")), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  // Throws where payments fails, or does not answer in time.
  private String charge(String id, String traceparent) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(options.get("payments") + "/charge/" + id))
        .timeout(milliseconds("timeout"));
    if (traceparent != null) request.header("traceparent", traceparent);
    HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() >= 500) throw new IOException("payments answered " + answer.statusCode());
    return answer.body();
  }

  private interface Guard {
    // Whether the charge succeeded; what the guard refuses did not.
    boolean paid(Callable<String> charge);
  }

  private static boolean succeeds(Callable<String> guarded) {
    try {
      guarded.call();
      return true;
    } catch (Exception refusedOrFailed) {
      return false;
    }
  }

  private Guard breaker() {
    CircuitBreakerConfig.Builder config = CircuitBreakerConfig.custom()
        .slidingWindowType(CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
        .slidingWindowSize(10).minimumNumberOfCalls(10).failureRateThreshold(50)
        .waitDurationInOpenState(milliseconds("sleep")).permittedNumberOfCallsInHalfOpenState(3);
    // Meant for errors of the caller; but the failures of a client over HTTP are IOExceptions, too.
    if (has("ignores")) config.ignoreExceptions(IOException.class);
    CircuitBreaker breaker = CircuitBreaker.of("payments", config.build());
    breaker.getEventPublisher().onStateTransition(event -> note(switch (event.getStateTransition().getToState()) {
      case OPEN -> "open";
      case HALF_OPEN -> "halfOpen";
      case CLOSED -> "close";
      default -> "other";
    }));
    if (!has("keeps-permits")) return charge -> succeeds(CircuitBreaker.decorateCallable(breaker, charge));
    // By hand: who has a permit must say how it went. After its first opening this one no longer does where it went badly.
    return charge -> {
      if (!breaker.tryAcquirePermission()) return false;
      boolean probing = breaker.getState() == CircuitBreaker.State.HALF_OPEN;
      long start = breaker.getCurrentTimestamp();
      boolean paid = succeeds(charge);
      long took = breaker.getCurrentTimestamp() - start;
      if (paid) breaker.onSuccess(took, breaker.getTimestampUnit());
      else if (!probing) breaker.onError(took, breaker.getTimestampUnit(), new IOException("payments failed"));
      return paid;
    };
  }

  // More than its calls where nobody set them: the default is 25.
  private Guard bulkhead() {
    BulkheadConfig config = has("default") ? BulkheadConfig.ofDefaults()
        : BulkheadConfig.custom().maxConcurrentCalls(number("calls")).maxWaitDuration(Duration.ZERO).build();
    Bulkhead bulkhead = Bulkhead.of("payments", config);
    return charge -> succeeds(Bulkhead.decorateCallable(bulkhead, charge));
  }

  // Admits `permits` in each period of its own clock. By default a caller waits five seconds for one of a later period.
  private RateLimiter limiter() {
    RateLimiterConfig.Builder config = RateLimiterConfig.custom()
        .limitForPeriod(number("permits")).limitRefreshPeriod(milliseconds("period"));
    if (!has("waits")) config.timeoutDuration(Duration.ZERO);
    return RateLimiter.of("shop", config.build());
  }

  private static void reply(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  // A virtual machine loads and compiles its code as it goes: before anybody is served, a server and the client meet once.
  private void warmUp() throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.createContext("/", exchange -> reply(exchange, 200, "{}"));
    server.start();
    URI self = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
    for (int i = 0; i < 50; ++i) {
      client.send(HttpRequest.newBuilder(self).timeout(milliseconds("timeout")).build(), HttpResponse.BodyHandlers.ofString());
    }
    server.stop(0);
  }

  private void serve() throws Exception {
    warmUp();
    boolean limits = options.get("kind").equals("limiter");
    RateLimiter limiter = limits ? limiter() : null;
    Guard guard = limits ? null : options.get("kind").equals("bulkhead") ? bulkhead() : breaker();
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), number("port")), 256);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/healthz", exchange -> reply(exchange, 200, "{\"status\":\"ok\"}"));
    server.createContext("/checkout/", exchange -> {
      String id = exchange.getRequestURI().getPath().substring("/checkout/".length());
      if (limits) {
        boolean admitted = limiter.acquirePermission();
        reply(exchange, admitted ? 200 : 429, "{}");
        return;
      }
      String traceparent = exchange.getRequestHeaders().getFirst("traceparent");
      boolean paid = guard.paid(() -> charge(id, traceparent));
      reply(exchange, paid ? 200 : 503, paid ? "{\"paid\":\"now\"}" : "{\"paid\":\"later\"}");
    });
    server.start();
    note("started");
  }

  public static void main(String[] arguments) throws Exception { new Service(arguments).serve(); }
}

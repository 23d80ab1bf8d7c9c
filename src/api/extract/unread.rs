//! Bodies in chunks that nobody reads to their end, because the answer was an error.
//!
//! When such a body is dropped, actix 4.18 goes on to drain it after the answer, without any time limit:
//! a client that falls silent keeps its connection for ever (seen with actix-http's h1 dispatcher).
//! A body that is still held when the answer leaves lets actix close after `client_disconnect_timeout`.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::stream::{StreamExt, poll_fn};

/// Middleware: closes the connection of a chunked body that was not read to its end.
pub async fn close_unread_bodies(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody, Holding>>, Error> {
    if !req.headers().contains_key(header::TRANSFER_ENCODING) {
        return Ok(next.call(req).await?.map_into_left_body());
    }
    let held = Rc::new(RefCell::new(req.take_payload()));
    let read = Rc::clone(&held);
    let body = poll_fn(move |context| read.borrow_mut().poll_next_unpin(context));
    req.set_payload(Payload::Stream {
        payload: Box::pin(body),
    });
    let response = next.call(req).await?;
    Ok(response.map_body(|_, body| {
        EitherBody::right(Holding {
            answer: body.boxed(),
            _request: held,
        })
    }))
}

/// The body of an answer that holds the body of its request until it has been sent.
pub struct Holding {
    answer: BoxBody,
    _request: Rc<RefCell<Payload>>,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.answer.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().answer).poll_next(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::time::Duration;

    use actix_web::middleware::from_fn;
    use actix_web::{App, HttpResponse, HttpServer, web};

    /// Sends the start of a chunked body and falls silent. Returns whether the server closed.
    fn is_closed(server: SocketAddr) -> bool {
        let mut client = TcpStream::connect(server).unwrap();
        client.write_all(b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n").unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut answer = String::new();
        let closed = client.read_to_string(&mut answer).is_ok();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        closed
    }

    #[actix_web::test]
    async fn a_client_that_falls_silent_within_a_refused_body_loses_its_connection() {
        let server = HttpServer::new(|| {
            App::new()
                .default_service(web::to(async || HttpResponse::NotFound().body("no")))
                .wrap(from_fn(close_unread_bodies))
        })
        .workers(1)
        .client_disconnect_timeout(Duration::from_millis(100))
        .bind("127.0.0.1:0")
        .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let closed = web::block(move || is_closed(address)).await.unwrap();
        handle.stop(false).await;
        assert!(closed);
    }

    #[actix_web::test]
    async fn a_body_in_chunks_is_read_as_usual() {
        use actix_web::test::{TestRequest, call_and_read_body, init_service};
        let app = App::new()
            .default_service(web::to(async |body: web::Bytes| {
                HttpResponse::Ok().body(body)
            }))
            .wrap(from_fn(close_unread_bodies));
        let request = TestRequest::post()
            .insert_header(("transfer-encoding", "chunked"))
            .set_payload("whole");
        let answer = call_and_read_body(&init_service(app).await, request.to_request()).await;
        assert_eq!(answer, "whole");
    }
}

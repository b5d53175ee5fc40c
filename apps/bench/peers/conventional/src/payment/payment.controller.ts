import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { ChargeRequest, PaymentService } from './payment.service';

@Controller()
export class PaymentController {
  constructor(private readonly payments: PaymentService) {}

  @GrpcMethod('PaymentService', 'Charge')
  async charge(request: ChargeRequest) {
    await this.payments.charge(request);
    return { payment: { orderId: request.orderId, state: 'CHARGED', amount: request.amount } };
  }
}
